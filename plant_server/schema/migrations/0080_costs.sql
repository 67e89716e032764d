-- Prices and tariffs that cost cards are made with. Each holds from its time until the next one and is never changed: what
-- was reckoned with it stays so.
SET ROLE lineside_plant;

CREATE TABLE plant.cost_rate (
    kind          text NOT NULL CHECK (kind IN ('material', 'labor', 'machine')),
    code          text NOT NULL,         -- the item; a person as the ERP knows them, '' for everybody; a station's path
    from_time     timestamptz NOT NULL,
    price         numeric NOT NULL CHECK (price >= 0),  -- per unit of the item, else per hour
    event_id      uuid NOT NULL,
    PRIMARY KEY (kind, code, from_time)
);
CREATE TABLE plant.energy_tariff (
    from_time     timestamptz PRIMARY KEY,
    time_zone     text NOT NULL,         -- of the windows' clock
    event_id      uuid NOT NULL
);
CREATE TABLE plant.energy_tariff_window (
    from_time     timestamptz NOT NULL REFERENCES plant.energy_tariff,
    starts        time NOT NULL,
    name          text NOT NULL CHECK (name <> ''),     -- peak, flat, valley
    price_per_kwh numeric NOT NULL CHECK (price_per_kwh >= 0),
    PRIMARY KEY (from_time, starts)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.cost_rate
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.energy_tariff
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.energy_tariff_window
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();

RESET ROLE;
