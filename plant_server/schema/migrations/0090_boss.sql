-- The owner's page counts what the bridge could not post; it reads nothing else of the bridge.
SET ROLE lineside_bridge;
GRANT SELECT ON bi.erp_document TO lineside_plant;
RESET ROLE;
