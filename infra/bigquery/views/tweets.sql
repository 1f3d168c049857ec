-- What do people query? One row a post: the newest version of each edit chain, nothing that was deleted, no duplicates.
-- rules has every rule for which X delivered the post: it may deliver a post once for each. retweet_count, favorite_count, quote_count and
-- reply_count are the newest that X gave, at counted_at: at delivery, or when the post was read again. An import's count only where there
-- is no other, and when it was counted is not known.
-- created_at stands in the window's PARTITION BY so that a date range prunes partitions; an id since November 2010 has one created_at.
SELECT
  v.* EXCEPT (rules_of_all, counts) REPLACE (
    v.counts.retweet_count AS retweet_count,
    v.counts.favorite_count AS favorite_count,
    v.counts.quote_count AS quote_count,
    v.counts.reply_count AS reply_count,
    ARRAY(
      SELECT DISTINCT rule FROM UNNEST(SPLIT(v.rules_of_all, '\n')) AS rule WHERE rule != '' ORDER BY rule
    ) AS rules,
    IF(scrubbed.id IS NULL, v.tweet_location, NULL) AS tweet_location,
    IF(scrubbed.id IS NULL, v.longitude, NULL) AS longitude,
    IF(scrubbed.id IS NULL, v.latitude, NULL) AS latitude,
    IF(scrubbed.id IS NULL, v.country_code, NULL) AS country_code,
    -- a copy of such a post inside this one, or such a location, stays in the table until the next sweep; it does not show here
    CASE
      WHEN EXISTS (
        SELECT 1
        FROM UNNEST(ARRAY_CONCAT(
          COALESCE(JSON_QUERY_ARRAY(v.payload, '$.includes.tweets'), []), COALESCE(JSON_QUERY_ARRAY(v.payload, '$.includes.posts'), [])
        )) AS carried
        WHERE
          (JSON_VALUE(carried, '$.id') = quoted.id AND quoted.gone)
          OR (JSON_VALUE(carried, '$.id') = answered.id AND answered.gone)
          OR (
            JSON_VALUE(carried, '$.id') IN (quoted.id, answered.id, retweeted.id, scrubbed.id)
            AND COALESCE(JSON_VALUE(carried, '$.geo.place_id'), JSON_VALUE(carried, '$.geo.coordinates.type')) IS NOT NULL
          )
      ) THEN JSON_REMOVE(IF(scrubbed.id IS NULL, v.payload, JSON_REMOVE(v.payload, '$.data.geo')), '$.includes')
      WHEN scrubbed.id IS NULL THEN v.payload
      ELSE JSON_REMOVE(JSON_REMOVE(v.payload, '$.data.geo'), '$.includes.places')
    END AS payload
  ),
  IF(v.counts.source = 'import', NULL, v.counts.received_at) AS counted_at
FROM (
  SELECT
    *,
    STRING_AGG(ARRAY_TO_STRING(rules, '\n'), '\n') OVER (PARTITION BY created_at, id) AS rules_of_all,
    FIRST_VALUE(STRUCT(
      retweet_count AS retweet_count,
      favorite_count AS favorite_count,
      quote_count AS quote_count,
      reply_count AS reply_count,
      received_at AS received_at,
      source AS source
    )) OVER (
      PARTITION BY created_at, id ORDER BY source = 'import', received_at DESC
    ) AS counts
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions`
  WHERE source != 'doctor'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY created_at, id ORDER BY source = 'refresh', loaded_at DESC) = 1
) AS v
-- joins and no NOT EXISTS: where a query needs none of their columns, an engine can leave out those that only serve the payload
LEFT JOIN (
  SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.superseded`
) AS replaced ON replaced.id = v.id
LEFT JOIN (
  SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` WHERE reason != 'scrub_geo'
) AS deleted ON deleted.id = v.id
LEFT JOIN (
  SELECT DISTINCT chain_id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` WHERE reason != 'scrub_geo'
) AS deleted_chain ON deleted_chain.chain_id = COALESCE(v.edit_of, v.id)
LEFT JOIN (
  SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` WHERE reason = 'scrub_geo'
) AS scrubbed ON scrubbed.id = v.id
LEFT JOIN (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` GROUP BY id
) AS quoted ON quoted.id = v.quote_of
LEFT JOIN (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` GROUP BY id
) AS answered ON answered.id = v.reply_to
LEFT JOIN (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` GROUP BY id
) AS retweeted ON retweeted.id = v.retweet_of
-- an id from before snowflakes holds no time, and files may disagree about it: the row with a time that was stored first decides
LEFT JOIN (
  SELECT id, created_at
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions`
  WHERE created_at < DATETIME '2010-11-05' AND LENGTH(id) < 12
  QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY loaded_at, created_at) = 1
) AS first_stored ON first_stored.id = v.id
WHERE
  (first_stored.id IS NULL OR first_stored.created_at = v.created_at)
  AND v.source != 'refresh'  -- a reading of a post that is stored no more
  AND replaced.id IS NULL
  AND deleted.id IS NULL
  AND deleted_chain.chain_id IS NULL
  AND retweeted.gone IS NOT TRUE  -- a retweet says its original's words
