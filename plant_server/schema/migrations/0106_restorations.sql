-- Each restore of this database leaves a row here, written by `lineside restore` after it compared everything. What others
-- were told between the backup and its loss is known to them alone: whoever tells them must ask them first.
SET ROLE lineside_plant;
CREATE TABLE plant.restoration (
    restoration_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restored_time  timestamptz NOT NULL DEFAULT now(),
    backup_time    timestamptz NOT NULL  -- what the plant did after it is not known here
);
COMMENT ON TABLE plant.restoration IS 'Contract: this plant was made anew from a backup. The bridge tells nobody anything until a person has seen what they know.';
GRANT SELECT ON plant.restoration TO lineside_bridge;
RESET ROLE;

-- Where no bridge was started since, nobody is known by name yet. The bridge replaces this when its tables are made.
SET ROLE lineside_bridge;
CREATE VIEW bi.erp_hold AS
SELECT NULL::text AS connector, restored_time AS since, backup_time, NULL::timestamptz AS examined_time, NULL::text AS problem,
       now() AS as_of
FROM plant.restoration;
COMMENT ON VIEW bi.erp_hold IS 'To whom is nothing told since a restore, until a person releases it? connector null: no bridge was started since';
GRANT SELECT ON bi.erp_hold TO lineside_bi;
RESET ROLE;
