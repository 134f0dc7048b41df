-- The winners of stage `objects`, in the order of their tickets, from eligible.tsv and what the certificate says.
-- Run it in the folder of eligible.tsv:   psql -X -d DATABASE -f winners.postgresql.sql      (PostgreSQL 14 or later)
-- The database must be one in UTF8; nothing stays in it. "§" is a paragraph of draw-spec.md (drawbridge-draw/1).

-- Put here what your certificate says under `seed`, `commitment.ratio` and `commitment.strata` (between single quotes,
-- a single quote or a backslash is written twice). What stands here is the example V1.
\set seed 'a4c89035946aa7cf6521046ef6d72a73a98daa2a993022de87f8707f4724a2ce'
\set ratio '0.6'
\set strata '[{"name":"A","ratio":"0.05"},{"name":"B","ratio":"0.1"},{"name":"C","ratio":"0.34"},{"name":"D","ratio":"1"}]'

-- COPY as text would read backslashes as escapes. As CSV it takes a line as it is, once what quotes, escapes or means
-- NULL is a control character: there is none in the file (§1).
CREATE TEMPORARY TABLE listed (object_id text, stratum text, uscc text);
\copy listed FROM 'eligible.tsv' WITH (FORMAT csv, DELIMITER E'\t', QUOTE E'\x01', ESCAPE E'\x01', NULL E'\x02', ENCODING 'UTF8')

WITH ticketed AS (  -- §3.1: ticket = H(key("object") ‖ object_id), key = H("drawbridge-draw/1/object" ‖ 00 ‖ seed)
    SELECT *, sha256(sha256(convert_to('drawbridge-draw/1/object', 'UTF8') || '\x00'::bytea || decode(:'seed', 'hex'))
                     || convert_to(object_id, 'UTF8')) AS ticket
    FROM listed
), ranked AS (  -- COLLATE "C" sorts text by its UTF-8 bytes
    SELECT *, row_number() OVER (PARTITION BY stratum COLLATE "C" ORDER BY ticket, object_id COLLATE "C") AS place
    FROM ticketed
), strata AS (  -- in the order of the commitment; ratios in whole millionths, so that nothing is rounded
    SELECT turn, entry ->> 'name' AS stratum, (entry ->> 'ratio')::numeric * 1000000 AS millionths
    FROM json_array_elements(:'strata'::json) WITH ORDINALITY AS listing (entry, turn)
), minima AS (  -- §3.2: at least ⌈ratio_h · N_h⌉ of each stratum
    SELECT turn, strata.stratum, size, millionths * size AS share, ceil(millionths * size / 1000000) AS minimum
    FROM strata JOIN (SELECT stratum, count(*) AS size FROM listed GROUP BY stratum) AS sizes USING (stratum)
), missing AS (  -- how many seats are missing to ⌈ratio · N⌉ in all
    SELECT ceil(:'ratio'::numeric * sum(size)) - sum(minimum) AS seats FROM minima
), further AS (  -- Adams: the seat after `held` seats has the claim ratio_h · N_h / held; the greatest claims get one,
    -- the first listed among equals. Claims of sizes below 10^9 that differ, differ by more than 10^-18.
    SELECT turn, row_number() OVER (ORDER BY div(share * 1000000000000000000, held) DESC, turn) AS claim
    FROM minima, generate_series(minimum::bigint, size - 1) AS held
), seats AS (
    SELECT stratum, minimum + count(claim) AS drawn
    FROM minima LEFT JOIN (SELECT * FROM further WHERE claim <= (SELECT seats FROM missing)) AS got USING (turn)
    GROUP BY stratum, minimum
)
SELECT object_id, encode(ticket, 'hex') AS ticket, stratum, uscc  -- §3.3
FROM ranked JOIN seats USING (stratum)
WHERE place <= drawn
ORDER BY ranked.ticket, object_id COLLATE "C";
