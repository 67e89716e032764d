-- What an ERP says that material costs stands beside what a person stated at the plant, under the ERP's name; the person's
-- goes first. A person's row without a price gives the item back to the ERP's prices from its time on.
SET ROLE lineside_plant;

ALTER TABLE plant.cost_rate
    ADD COLUMN system text NOT NULL DEFAULT '',  -- which ERP says so; '': stated at the plant
    ALTER COLUMN price DROP NOT NULL,
    ADD CONSTRAINT cost_rate_system_check CHECK (system = '' OR (kind = 'material' AND price IS NOT NULL)),
    ADD CONSTRAINT cost_rate_given_back_check CHECK (price IS NOT NULL OR kind = 'material'),
    DROP CONSTRAINT cost_rate_pkey,
    ADD PRIMARY KEY (kind, code, system, from_time);

RESET ROLE;
