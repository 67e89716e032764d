-- The doctor and the integrator's page say who is held. The bridge replaces the view, which keeps its grants.
SET ROLE lineside_bridge;
GRANT SELECT ON bi.erp_hold TO lineside_plant;
RESET ROLE;
