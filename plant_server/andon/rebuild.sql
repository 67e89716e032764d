-- stop_writers --
LOCK TABLE plant.andon_call, plant.andon_told IN EXCLUSIVE MODE;

-- forget --
WITH told AS (DELETE FROM plant.andon_told) DELETE FROM plant.andon_call;

-- make_calls --
-- Each Event keeps the whole row; the newest version is the call.
INSERT INTO plant.andon_call
SELECT DISTINCT ON (call.call_id) call.*
FROM plant.event, jsonb_populate_record(NULL::plant.andon_call, facts -> 'andon_call') AS call
WHERE NOT event.refused AND facts ? 'andon_call'
ORDER BY call.call_id, call.version DESC;

-- make_told --
INSERT INTO plant.andon_told (call_id, level, roles, people, told_time)
SELECT call_id, level, roles, people, told_time
FROM plant.event, jsonb_to_record(facts -> 'andon_told')
     AS told (call_id uuid, level smallint, roles text[], people integer[], told_time timestamptz)
WHERE NOT event.refused AND facts ? 'andon_told';
