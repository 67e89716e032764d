-- The contract lost two words that the plant never had a use for; documents that wait may still hold them.
SET ROLE lineside_plant;
UPDATE plant.outbox SET body = body - 'final' WHERE kind = 'completion' AND body ? 'final';
UPDATE plant.outbox SET body = body - ARRAY['accepted', 'reason']
WHERE kind = 'order_acknowledgement' AND body ? 'accepted';
RESET ROLE;
