-- calls --
-- Calls that go on: the unanswered first, then the oldest. `at`: those that concern a place, of it or of the line it stands
-- in; `below`: those of a place and of all that stands in it; neither: all. Late ones are only listed where all are.
SELECT call.call_id, call.path, regexp_replace(call.path, '^.*/', '') AS place, call.type, call.note, call.state, call.is_late,
       call.raised_by, call.raised_device, call.raised_time, call.heard_time, call.acknowledged_by, call.eta_time, call.level,
       caller.name AS caller_en, coalesce(caller.name_zh, caller.name) AS caller_zh,
       helper.name AS helper_en, coalesce(helper.name_zh, helper.name) AS helper_zh,
       coalesce(told.roles, '{}') AS roles_told, coalesce(told.people, '{}') AS people_told
FROM plant.andon_call AS call
LEFT JOIN plant.person AS caller ON call.raised_by = 'person:' || caller.person_id
LEFT JOIN plant.person AS helper ON call.acknowledged_by = 'person:' || helper.person_id
LEFT JOIN plant.andon_told AS told ON told.call_id = call.call_id AND told.level = call.level
WHERE call.ended_time IS NULL
  AND (NOT call.is_late OR (%(at)s::text IS NULL AND %(below)s::text IS NULL))
  AND (%(at)s::text IS NULL OR call.path = %(at)s OR starts_with(%(at)s, call.path || '/'))
  AND (%(below)s::text IS NULL OR call.path = %(below)s OR starts_with(call.path, %(below)s || '/'))
ORDER BY call.is_late, call.state = 'acknowledged', call.raised_time, call.call_id LIMIT %(limit)s;
