-- Who delivers: edges, their devices and tags, and the equipment they propose to be.
SET ROLE lineside_plant;

CREATE TABLE plant.edge (
    edge_id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id      text NOT NULL,
    node          text NOT NULL,
    bd_seq        smallint,              -- of the present or last session; an NDEATH counts only with this one
    online        boolean NOT NULL DEFAULT false,
    last_message  timestamptz,           -- received_time
    clock_skew_s  double precision,      -- the edge's clock minus ours; more than 2 s is an alarm
    UNIQUE (group_id, node)
);

CREATE TABLE plant.device (
    device_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edge_id       integer NOT NULL REFERENCES plant.edge,
    name          text NOT NULL,
    path          text,                  -- ISA-95 EquipmentPath, from the birth
    online        boolean,               -- live: DBIRTH and DDEATH; null until the first
    offline_time  timestamptz,           -- since when it is not: the time in its DDEATH, else when its node's death came
    UNIQUE (edge_id, name)
);

CREATE TABLE plant.tag (
    tag_id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id     integer NOT NULL REFERENCES plant.device,
    name          text NOT NULL,
    datatype      smallint NOT NULL,     -- Sparkplug number
    role          text NOT NULL DEFAULT 'measurement',
    unit          text,
    width         smallint,              -- bits of the raw counter
    scale         bigint NOT NULL DEFAULT 1,
    counts        text,
    rate_max      double precision,      -- units per second
    vocabulary    text,
    created_time  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (device_id, name)
);

-- A birth that says something else than the tag does is a proposal, never silent.
CREATE TABLE plant.tag_proposal (
    proposal_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag_id        integer NOT NULL REFERENCES plant.tag,
    proposed      jsonb NOT NULL,        -- field -> new value, only what differs
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'rejected')),
    proposed_time timestamptz NOT NULL DEFAULT now(),
    decided_time  timestamptz,
    decided_by    text
);
CREATE UNIQUE INDEX tag_proposal_open ON plant.tag_proposal (tag_id) WHERE state = 'open';

CREATE TABLE plant.equipment (
    equipment_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path          text NOT NULL UNIQUE,  -- enterprise/site/area/line/station
    name          text NOT NULL
);

-- "New devices": a birth proposes, a person accepts, merges, renames or rejects. The demo accepts by itself.
CREATE TABLE plant.equipment_proposal (
    proposal_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id     integer NOT NULL UNIQUE REFERENCES plant.device,
    path          text,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'rejected')),
    equipment_id  integer REFERENCES plant.equipment,
    proposed_time timestamptz NOT NULL DEFAULT now(),
    decided_time  timestamptz,
    decided_by    text
);
RESET ROLE;
