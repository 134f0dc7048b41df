-- The winners of stage `objects`, in the order of their tickets, from eligible.tsv and what the certificate says.
-- Run it in the folder of eligible.tsv:   duckdb < winners.duckdb.sql        (DuckDB 1.1 or later, with its json)
-- "§" is a paragraph of draw-spec.md (drawbridge-draw/1).

-- Put here what your certificate says under `seed`, `commitment.ratio` and `commitment.strata` (in a text between
-- single quotes, a single quote is written twice). What stands here is the example V1.
SET VARIABLE eligible = 'eligible.tsv';
SET VARIABLE seed = 'a4c89035946aa7cf6521046ef6d72a73a98daa2a993022de87f8707f4724a2ce';
SET VARIABLE ratio = '0.6';
SET VARIABLE strata = '[{"name":"A","ratio":"0.05"},{"name":"B","ratio":"0.1"},{"name":"C","ratio":"0.34"},{"name":"D","ratio":"1"}]';

WITH listed AS (  -- nothing is quoted, escaped, trimmed or guessed in this file (§1)
    SELECT * FROM read_csv(getvariable('eligible'), auto_detect = false, header = false, delim = '\t', quote = '',
        escape = '', comment = '', new_line = '\n', columns = {object_id: 'VARCHAR', stratum: 'VARCHAR', uscc: 'VARCHAR'})
), ticketed AS (  -- §3.1: ticket = H(key("object") ‖ object_id), key = H("drawbridge-draw/1/object" ‖ 00 ‖ seed)
    SELECT *, sha256(unhex(sha256(encode('drawbridge-draw/1/object') || '\x00'::BLOB || unhex(getvariable('seed'))))
                     || encode(object_id)) AS ticket
    FROM listed
), ranked AS (  -- text sorts by its UTF-8 bytes in DuckDB, and hex digits as the bytes that they stand for
    SELECT *, row_number() OVER (PARTITION BY stratum ORDER BY ticket, object_id) AS place FROM ticketed
), strata AS (  -- in the order of the commitment; ratios in whole millionths, so that nothing is rounded
    SELECT turn, entry.name AS stratum, CAST(CAST(entry.ratio AS DECIMAL(7, 6)) * 1000000 AS HUGEINT) AS millionths
    FROM (SELECT unnest(entries) AS entry, unnest(range(len(entries))) AS turn
          FROM (SELECT from_json(getvariable('strata'), '[{"name": "VARCHAR", "ratio": "VARCHAR"}]') AS entries))
), minima AS (  -- §3.2: at least ⌈ratio_h · N_h⌉ of each stratum
    SELECT turn, stratum, size, millionths * size AS share, (millionths * size + 999999) // 1000000 AS minimum
    FROM strata JOIN (SELECT stratum, count(*)::HUGEINT AS size FROM listed GROUP BY stratum) USING (stratum)
), missing AS (  -- how many seats are missing to ⌈ratio · N⌉ in all
    SELECT greatest(0, (CAST(CAST(getvariable('ratio') AS DECIMAL(7, 6)) * 1000000 AS HUGEINT) * sum(size) + 999999)
                       // 1000000 - sum(minimum)) AS seats
    FROM minima
), further AS (  -- Adams: the seat after `held` seats has the claim ratio_h · N_h / held; the greatest claims get one,
    -- the first listed among equals. Claims of sizes below 10^9 that differ, differ by more than 10^-18.
    SELECT turn, row_number() OVER (ORDER BY share * 1000000000000000000 // held DESC, turn) AS claim
    FROM (SELECT turn, share, unnest(range(minimum::BIGINT, size::BIGINT))::HUGEINT AS held FROM minima)
), seats AS (
    SELECT stratum, minimum + count(claim) AS drawn
    FROM minima LEFT JOIN (SELECT * FROM further WHERE claim <= (SELECT seats FROM missing)) USING (turn)
    GROUP BY stratum, minimum
)
SELECT object_id, ticket, stratum, uscc  -- §3.3
FROM ranked JOIN seats USING (stratum)
WHERE place <= drawn
ORDER BY ticket, object_id;
