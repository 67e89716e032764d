-- stop_writers --
LOCK TABLE plant.run_energy, plant.run_meter_energy, plant.energy_to_tell IN EXCLUSIVE MODE;

-- forget --
WITH meters AS (DELETE FROM plant.run_meter_energy), waiting AS (DELETE FROM plant.energy_to_tell)
DELETE FROM plant.run_energy;

-- make_runs --
INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id, told_time)
SELECT told.run_id, told.energy_wh, jsonb_array_length(told.meters), event_id, recorded_time
FROM plant.event, jsonb_to_record(facts -> 'run_energy') AS told (run_id bigint, energy_wh numeric, meters jsonb)
WHERE NOT event.refused AND facts ? 'run_energy';

-- make_meters --
INSERT INTO plant.run_meter_energy (run_id, tag_id, energy_wh)
SELECT (facts #>> '{run_energy,run_id}')::bigint, tag_id, energy_wh
FROM plant.event, jsonb_to_recordset(facts #> '{run_energy,meters}') AS meter (tag_id integer, energy_wh numeric)
WHERE NOT event.refused AND facts ? 'run_energy';

-- make_waiting --
INSERT INTO plant.energy_to_tell (run_id)
SELECT run_id FROM plant.run
WHERE to_time IS NOT NULL AND NOT EXISTS (SELECT FROM plant.run_energy WHERE run_energy.run_id = run.run_id);
