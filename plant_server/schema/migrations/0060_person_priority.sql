-- A person's place for an order stands beside the ERP's, so that a later revision of the ERP does not undo it.
SET ROLE lineside_plant;
ALTER TABLE plant.work_order ADD COLUMN person_priority smallint CHECK (person_priority BETWEEN 1 AND 9);
RESET ROLE;
