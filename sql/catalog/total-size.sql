-- What some relations hold on disk, with long values and indexes. No others are looked at, for that waits for their locks.
SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::float8 AS "totalBytes" FROM unnest($1::oid[]) AS relation (oid)
