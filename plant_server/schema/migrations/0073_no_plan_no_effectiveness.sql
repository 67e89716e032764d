-- Where not one part had a planned run time there is no effectiveness and no OEE, rather than one of 0.
SET ROLE lineside_plant;
CREATE OR REPLACE VIEW bi.oee_shift AS
SELECT place.name AS machine, place.path, place.line,
       shift.business_date, shift.code AS shift, summed.shift_from, shift.to_ts AS shift_to,
       planned_busy_s, producing_s, setup_s, unplanned_s, blocked_s, unexplained_s, planned_s, unknown_s,
       made::float8, (made - scrap - rework)::float8 AS good, scrap::float8, rework::float8, not_assigned::float8, planned_run_s,
       unrated::float8,
       producing_s / nullif(planned_busy_s, 0) AS availability,
       rated_run_s / nullif(producing_s, 0) AS effectiveness,
       ((made - scrap - rework) / nullif(made, 0))::float8 AS quality_ratio,
       rated_run_s / nullif(planned_busy_s, 0) * ((made - scrap - rework) / nullif(made, 0))::float8 AS oee,
       (producing_s + setup_s) / nullif(planned_busy_s, 0) * rated_run_s / nullif(producing_s, 0)
       * ((made - scrap - rework) / nullif(made, 0))::float8 AS nee,
       summed.as_of
FROM (
    SELECT hour.device_id, shift.shift_id, shift.from_ts AS shift_from,
           sum(producing_s + setup_s + unplanned_s + blocked_s + unexplained_s) AS planned_busy_s, sum(producing_s) AS producing_s,
           sum(setup_s) AS setup_s, sum(unplanned_s) AS unplanned_s, sum(blocked_s) AS blocked_s,
           sum(unexplained_s) AS unexplained_s, sum(planned_s) AS planned_s, sum(unknown_s) AS unknown_s, sum(made) AS made,
           sum(scrap) AS scrap, sum(rework) AS rework, sum(not_assigned) AS not_assigned, sum(planned_run_s) AS planned_run_s,
           sum(unrated) AS unrated, max(hour.as_of) AS as_of,
           CASE WHEN sum(made) = 0 OR sum(unrated) < sum(made) THEN sum(planned_run_s) END AS rated_run_s
    FROM plant.machine_hour AS hour JOIN plant.shift USING (shift_id)
    GROUP BY hour.device_id, shift.shift_id, shift.from_ts
) AS summed
JOIN plant.shift USING (shift_id)
JOIN plant.device_line AS place USING (device_id);
COMMENT ON COLUMN bi.oee_shift.effectiveness IS 'PRI x PQ / APT = planned_run_s / producing_s; null where parts were made and none had a planned run time';
RESET ROLE;
