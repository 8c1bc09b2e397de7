-- What must be true at every instant: each row is a violation. Attached: objects (objects.db), before (the cloud as it
-- was seen last) and test (what the test has told the program).

-- Minor of "1.30", "1.30.4" and "v1.30.4".
CREATE TEMP VIEW planes AS
SELECT c.region, c.id, c.owner, c.is_gone, p.action, p.is_managed,
    CAST(substr(p.version, instr(p.version, '.') + 1) AS INTEGER) AS minor,
    CAST(substr(p.target, instr(p.target, '.') + 1) AS INTEGER) AS target
FROM main.cluster c JOIN main.pool p ON p.region = c.region AND p.id = c.id AND p.name = '';

CREATE TEMP VIEW planes_before AS
SELECT c.region, c.id, c.owner, CAST(substr(p.version, instr(p.version, '.') + 1) AS INTEGER) AS minor
FROM before.cluster c JOIN before.pool p ON p.region = c.region AND p.id = c.id AND p.name = '';

CREATE TEMP VIEW machines AS
SELECT region, id, pool, CAST(substr(version, instr(version, '.') + 1) AS INTEGER) AS minor FROM main.machine;

-- The least minor that a control plane runs.
CREATE TEMP VIEW least AS
SELECT region, id, CASE WHEN is_managed THEN minor ELSE
    coalesce((SELECT min(m.minor) FROM machines m WHERE m.region = p.region AND m.id = p.id AND m.pool = ''), minor)
    END AS minor
FROM planes p;

SELECT 'two cloud clusters have the name ' || id FROM main.cluster WHERE NOT is_gone GROUP BY id HAVING count(*) > 1;

SELECT 'two cloud clusters are of the Cluster ' || owner FROM main.cluster WHERE NOT is_gone GROUP BY owner HAVING count(*) > 1;

SELECT 'one step was begun twice in ' || id || ': ' || token FROM main.operation GROUP BY region, id, token HAVING count(*) > 1;

SELECT 'nobody owns ' || c.id FROM main.cluster c
WHERE NOT c.is_gone AND NOT EXISTS (SELECT 1 FROM objects.objects o WHERE o.kind = 'Cluster' AND o.uid = c.owner);

SELECT 'the control plane of ' || p.id || ' went from minor ' || b.minor || ' to ' || p.minor
FROM planes p JOIN planes_before b USING (region, id, owner) WHERE p.minor NOT IN (b.minor, b.minor + 1);

SELECT 'the control plane of ' || id || ' goes from minor ' || minor || ' to ' || target
FROM planes WHERE action = 'upgrade-control-plane' AND target NOT IN (minor, minor + 1);

SELECT 'the control plane of ' || id || ' runs minors ' || min(minor) || ' and ' || max(minor)
FROM machines WHERE pool = '' GROUP BY region, id HAVING max(minor) > min(minor) + 1;

SELECT 'pool ' || p.name || ' of ' || p.id || ' at ' || p.version || ' is ahead of its control plane'
FROM main.pool p JOIN least l USING (region, id)
WHERE p.name <> '' AND CAST(substr(p.version, instr(p.version, '.') + 1) AS INTEGER) > l.minor;

SELECT 'a node of pool ' || m.pool || ' of ' || m.id || ' is ahead of its control plane'
FROM machines m JOIN least l USING (region, id) WHERE m.pool <> '' AND m.minor > l.minor;

SELECT id || ' is in the forbidden region ' || region FROM main.cluster WHERE region NOT IN (SELECT name FROM test.region);

SELECT 'the region ' || region || ' holds ' || count(*) || ' clusters' FROM main.cluster WHERE NOT is_gone
GROUP BY region HAVING count(*) > (SELECT clusters FROM test.limits);

SELECT 'pool ' || name || ' of ' || id || ' has ' || replicas || ' nodes' FROM main.pool
WHERE name <> '' AND replicas > (SELECT nodes FROM test.limits);

SELECT c.id || ' is deleted, which nobody has approved' FROM main.cluster c
WHERE c.id NOT IN (SELECT id FROM test.approved)
    AND (c.is_gone OR EXISTS (SELECT 1 FROM main.operation o
        WHERE o.region = c.region AND o.id = c.id AND o.action = 'delete-cluster'));

SELECT b.id || ' is not there any more' FROM before.cluster b
WHERE NOT b.is_gone AND NOT EXISTS (SELECT 1 FROM main.cluster c WHERE c.region = b.region AND c.id = b.id);
