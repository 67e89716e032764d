-- A document that waits without holding up the others of its lane: it was refused for good, or its time has not come. It is
-- sent when nothing else of the lane is left to send.
ALTER TABLE bridge.document ADD COLUMN aside boolean NOT NULL DEFAULT false;
