-- The contract lost `final` of a completion and `accepted` and `reason` of the plant's acknowledgement; what was claimed
-- or planned before may still hold them. An acknowledgement of the bridge's own keeps its two.
UPDATE bridge.document SET body = body - 'final' WHERE body ? 'final';
UPDATE bridge.claim SET body = body - 'final' WHERE kind = 'completion' AND body ? 'final';
UPDATE bridge.claim SET body = body - ARRAY['accepted', 'reason']
WHERE kind = 'order_acknowledgement' AND body ? 'accepted';
