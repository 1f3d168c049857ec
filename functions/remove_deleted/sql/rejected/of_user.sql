-- Which bad messages and dead letters name this author?
SELECT data FROM rejected WHERE STRPOS(SAFE_CONVERT_BYTES_TO_STRING(data), @user) > 0
