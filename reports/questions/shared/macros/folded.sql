IF(NOT REGEXP_CONTAINS({column}, r'[^\x00-\x7F]'), LOWER({column}), NORMALIZE(REGEXP_REPLACE(REGEXP_REPLACE(
  NORMALIZE_AND_CASEFOLD(REGEXP_REPLACE(REGEXP_REPLACE({column}, r'[\x{2018}\x{2019}\x{02BC}]', "'"), r'[\p{Cf}\x{640}\x{FE00}-\x{FE0F}™℠®©]', ''), NFKD),
  r'i\x{307}|ı', 'i'), r'([\x{370}-\x{3FF}\x{1F00}-\x{1FFF}])[\x{300}-\x{345}]+', r'\1'), NFKC))
