-- Events: every command leaves one row, whose id is the command's Idempotency-Key. Balances are rebuilt from `facts`
-- alone. Beside it lie to-do rows, each claimed by one worker: `unsealed` by the keeper, `outbox` by the bridge.
SET ROLE lineside_plant;

CREATE TABLE plant.event (
    event_id      uuid PRIMARY KEY,      -- the Idempotency-Key
    kind          text NOT NULL,         -- work_order.report
    actor         text NOT NULL,         -- person:7, integrator token, keeper, bridge
    actor_id      integer,               -- the person, if it was one
    device        text,                  -- the terminal it came from: station:3
    request_hash  bytea NOT NULL CHECK (length(request_hash) = 32),
    body          jsonb NOT NULL,        -- what was asked
    facts         jsonb NOT NULL DEFAULT '{}',  -- what became of it: enough to rebuild every balance
    status        smallint,              -- null inside the command's own transaction only
    answer        jsonb,
    refused       boolean NOT NULL DEFAULT false,
    event_time    timestamptz NOT NULL,  -- the client's clock
    recorded_time timestamptz NOT NULL DEFAULT now(),  -- ours
    work_order_id bigint
) WITH (fillfactor = 70);                -- the answer is written to the row it finds
CREATE INDEX event_of_work_order ON plant.event (work_order_id, recorded_time) WHERE work_order_id IS NOT NULL;

-- In the order in which they are sealed. No foreign key: the row is written beside its event and deleted soon.
CREATE TABLE plant.unsealed (
    recorded_time timestamptz NOT NULL,
    event_id      uuid NOT NULL,
    PRIMARY KEY (recorded_time, event_id)
);

CREATE TABLE plant.event_chain (
    position      bigint PRIMARY KEY CHECK (position > 0),  -- gapless from 1; the only cursor that leaves the database
    event_id      uuid NOT NULL UNIQUE REFERENCES plant.event,
    hash          bytea NOT NULL CHECK (length(hash) = 32),  -- sha256(previous hash, this event): events/chain.py
    sealed_time   timestamptz NOT NULL DEFAULT now()
);

-- Heads of the chain that were told to the outside as well.
CREATE TABLE plant.anchor (
    position      bigint PRIMARY KEY,
    hash          bytea NOT NULL CHECK (length(hash) = 32),
    anchored_time timestamptz NOT NULL DEFAULT now()
);

-- A contract with the bridge: it claims rows by DELETE … RETURNING in the transaction that keeps them on its side.
-- A row may be claimed when `not_before` has passed (its undo time is over). Of one work order, order_seq runs 1, 2, 3 …
-- in the order of commits, so a hole means that a document is still waiting here.
CREATE TABLE plant.outbox (
    outbox_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid NOT NULL,
    kind          text NOT NULL,         -- completion, consumption, scrap …
    work_order_id bigint,
    order_seq     bigint,
    body          jsonb NOT NULL,
    not_before    timestamptz NOT NULL,
    created_time  timestamptz NOT NULL DEFAULT now(),
    CHECK ((work_order_id IS NULL) = (order_seq IS NULL)),
    UNIQUE (work_order_id, order_seq)
);
CREATE INDEX outbox_due ON plant.outbox (not_before, outbox_id);
COMMENT ON TABLE plant.outbox IS 'Contract: what ERPs must hear. The bridge claims rows by DELETE … RETURNING.';

-- The last order_seq of each work order; its row lock makes the numbers follow the commits.
CREATE TABLE plant.outbox_order (
    work_order_id bigint PRIMARY KEY,
    order_seq     bigint NOT NULL
) WITH (fillfactor = 50);

-- What was told stays told. This stops mistakes; the chain finds what was done on purpose.
CREATE FUNCTION plant.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'plant.% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.event
    FOR EACH ROW WHEN (OLD.status IS NOT NULL) EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.event_chain
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.anchor
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();

GRANT USAGE ON SCHEMA plant TO lineside_bridge;
GRANT SELECT, DELETE ON plant.outbox TO lineside_bridge;
RESET ROLE;
