-- What payroll and the ERP know a person by; who has none is told by the plant's own number.
SET ROLE lineside_plant;
ALTER TABLE plant.person ADD COLUMN personnel_number text UNIQUE CHECK (personnel_number <> '');
RESET ROLE;
