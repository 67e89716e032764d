-- Three schemas, one role each. Run by the owner of the database, who is a member of the three roles.
-- btree_gist lets an EXCLUDE constraint compare an id beside a range; it is a trusted extension.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA plant AUTHORIZATION lineside_plant;
CREATE SCHEMA bridge AUTHORIZATION lineside_bridge;
CREATE SCHEMA bi AUTHORIZATION lineside_plant;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA bi TO lineside_bi;
