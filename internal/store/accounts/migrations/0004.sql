-- What waits is bounded for each kind and person: the oldest is found without reading the rest.
CREATE INDEX pending_of ON pending(kind, person, expires);
