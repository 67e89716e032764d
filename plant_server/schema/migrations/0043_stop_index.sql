-- Stops of all machines are listed newest first.
SET ROLE lineside_plant;
CREATE INDEX stop_newest ON plant.stop (from_ts DESC, stop_id DESC);
RESET ROLE;
