-- How long an edge may be silent before it counts as out of contact. One that promises heartbeats in its birth is never
-- silent for long; of another silence may mean that nothing changes.
SET ROLE lineside_plant;

ALTER TABLE plant.edge ADD COLUMN contact_lost_s double precision NOT NULL DEFAULT 60;
RESET ROLE;
