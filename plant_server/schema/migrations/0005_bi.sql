-- The read-only contract of boards: schema bi, role lineside_bi.
SET ROLE lineside_plant;
CREATE VIEW bi.tag_minute AS
SELECT device.path, device.name AS device, tag.name AS tag, tag.role, tag.unit, rollup.minute, rollup.n, rollup.n_bad,
       rollup.s / nullif(rollup.n, 0) AS average, rollup.min_value, rollup.max_value
FROM plant.rollup_1m AS rollup
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id);
COMMENT ON VIEW bi.tag_minute IS 'How did each tag run, minute by minute? Average, lowest and highest good value.';
GRANT SELECT ON bi.tag_minute TO lineside_bi;
RESET ROLE;
