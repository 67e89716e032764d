-- What boards may read of the bridge, in place of the empty views that the plant made (bi.erp_document, bi.erp_inbox).
CREATE OR REPLACE VIEW bi.erp_document AS
SELECT connector, kind, work_order, state, attempts, problem ->> 'code' AS problem, event_time, created_time, finished_time,
       CASE WHEN state IN ('open', 'ready', 'sending', 'refused', 'unknown')
            THEN extract(epoch FROM now() - created_time)::float8 END AS waiting_s, now() AS as_of
FROM bridge.document;
CREATE OR REPLACE VIEW bi.erp_inbox AS
SELECT system, kind, external_id, state, problem ->> 'code' AS problem, received_time, answered_time, now() AS as_of
FROM bridge.inbox;
