-- One change order may touch several items: they share its number, as operators know it. Until now such a number carried
-- the item, `ECO-1001/FG-100`; where the document's external id ends likewise and another item of the same document does
-- too, the ending is ours and goes.
SET ROLE lineside_plant;

CREATE TEMPORARY TABLE renumbered ON COMMIT DROP AS
WITH told AS (
    SELECT change.change_order_id, change.number, document.system,
           substring(document.external_id FROM '/([^/]*)$') AS ending,
           regexp_replace(document.external_id, '/[^/]*$', '') AS whole_id
    FROM plant.change_order AS change
    JOIN plant.external_document AS document
         ON document.kind = 'change_order' AND document.row_id = change.change_order_id
), ours AS (
    SELECT *, left(number, -1 - length(ending)) AS whole_number FROM told
    WHERE ending <> '' AND right(number, 1 + length(ending)) = '/' || ending AND length(number) > 1 + length(ending)
)
SELECT change_order_id, number AS old_number, whole_number AS new_number,
       count(*) OVER (PARTITION BY system, whole_id, whole_number) > 1 AS has_siblings
FROM ours;
DELETE FROM renumbered WHERE NOT has_siblings;

ALTER TABLE plant.change_order DROP CONSTRAINT change_order_number_key;
UPDATE plant.change_order SET number = new_number FROM renumbered
WHERE renumbered.change_order_id = change_order.change_order_id;
ALTER TABLE plant.change_order ADD CONSTRAINT change_order_number_item_key UNIQUE (number, item_id);

-- Orders that several items of one change hold are held by it once.
INSERT INTO plant.work_order_hold (work_order_id, reason, reference, set_by, set_time)
SELECT DISTINCT ON (work_order_id, new_number) work_order_id, reason, new_number, set_by, set_time
FROM plant.work_order_hold JOIN renumbered ON old_number = reference
WHERE reason = 'change'
ORDER BY work_order_id, new_number, set_time
ON CONFLICT DO NOTHING;
DELETE FROM plant.work_order_hold USING renumbered WHERE reason = 'change' AND reference = old_number;

UPDATE plant.waiver
SET changes = ARRAY(SELECT DISTINCT coalesce(new_number, number)
                    FROM unnest(changes) AS number LEFT JOIN renumbered ON old_number = number ORDER BY 1)
WHERE changes && ARRAY(SELECT old_number FROM renumbered);
RESET ROLE;
