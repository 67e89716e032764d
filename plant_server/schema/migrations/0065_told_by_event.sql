-- What an ERP was told is kept by the Event that told it, so that less can be told later: by taking back from that Event's
-- documents. Counts that were taken from a run by a person wait under a reason of their own; and an operation that reports
-- more than the one before it delivered is a case.
SET ROLE lineside_plant;

ALTER TABLE plant.run_told DROP CONSTRAINT run_told_pkey;
ALTER TABLE plant.run_told ADD COLUMN event_id uuid;
DELETE FROM plant.run_told;
INSERT INTO plant.run_told (run_id, kind, reason, event_id, quantity)
SELECT run_id, kind, reason, coalesce(taken_back, event_id), sum(quantity)
FROM (
    SELECT event.event_id, told.run_id, told.kind, told.reason, told.quantity,
           CASE WHEN told.quantity < 0 THEN (
               SELECT (entry ->> 'reverses')::uuid FROM jsonb_array_elements(event.facts -> 'entries') AS entry
               WHERE entry ->> 'reverses' IS NOT NULL LIMIT 1) END AS taken_back
    FROM plant.event, jsonb_to_recordset(event.facts -> 'told')
         AS told (run_id bigint, kind text, reason text, quantity numeric)
    WHERE NOT event.refused AND event.facts ? 'told'
) AS fact
GROUP BY run_id, kind, reason, coalesce(taken_back, event_id);
ALTER TABLE plant.run_told ALTER COLUMN event_id SET NOT NULL;
ALTER TABLE plant.run_told ADD PRIMARY KEY (run_id, kind, reason, event_id);

ALTER TABLE plant.not_assigned DROP CONSTRAINT not_assigned_reason_check;
ALTER TABLE plant.not_assigned ADD CONSTRAINT not_assigned_reason_check
    CHECK (reason IN ('no_run', 'spans_runs', 'late', 'reversed'));

ALTER TABLE plant.count_case DROP CONSTRAINT count_case_kind_check;
ALTER TABLE plant.count_case ADD CONSTRAINT count_case_kind_check CHECK (kind IN ('late', 'difference', 'surplus'));
RESET ROLE;
