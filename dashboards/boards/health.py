"""Does everything deliver, and what waits for a person?"""

from dashboards.board import Board, Column, Panel

_TIME = "dateTimeAsLocal"
_WARN = ((None, "text"), (1, "orange"))

HEALTH = Board(
    "lineside-health",
    "Integrator: health|集成：运行状况",
    "Does every edge deliver, how late is it stored, what could not be stored, and what does the ERP not have yet?"
    "|各边缘节点是否上报，入库延迟多少，什么没能入库，ERP 还缺什么？",
    "24h",
    (
        Panel(
            "stat",
            "Edges silent|无消息的边缘节点",
            "Edges without a message for more than 2 minutes.|超过 2 分钟没有消息的边缘节点。",
            'SELECT count(*) AS "Edges|节点" FROM bi.edge WHERE coalesce(age_s, 1e9) > 120',
            4,
            4,
            steps=_WARN,
        ),
        Panel(
            "stat",
            "Quarantined|隔离",
            "Messages and samples within the range that could not be stored; they are kept with their bytes.|所选时段内无法入库的消息与样本，原文保留。",
            'SELECT count(*) AS "Rows|条" FROM bi.quarantine WHERE $__timeFilter(received_time)',
            4,
            4,
            steps=_WARN,
        ),
        Panel(
            "stat",
            "Waits for the bridge|待桥接取走",
            "The oldest row of the outbox whose undo time is over.|撤销时间已过的最早一条。",
            'SELECT coalesce(max(waiting_s), 0) AS "Oldest|最早" FROM bi.outbox WHERE waiting_s > 0',
            4,
            4,
            unit="s",
            decimals=0,
            steps=((None, "text"), (300, "orange")),
        ),
        Panel(
            "stat",
            "Waits for a person|待人工处理",
            "Documents that were refused, changed or are in doubt, and inbox rows that are stopped or refused."
            "|被拒、被改或存疑的单据，以及停住或被拒的收件。",
            """SELECT (SELECT count(*) FROM bi.erp_document WHERE state IN ('refused', 'unknown', 'modified'))
     + (SELECT count(*) FROM bi.erp_inbox WHERE state IN ('stopped', 'refused')) AS "Rows|条\"""",
            4,
            4,
            steps=_WARN,
        ),
        Panel(
            "stat",
            "Keeper behind|待计算小时",
            "Hours of machines that changed and are to be made again.|有变化、待重算的设备小时数。",
            'SELECT hours_to_make AS "Hours|小时" FROM bi.database',
            4,
            4,
            unit="locale",
            steps=((None, "text"), (5000, "orange")),
        ),
        Panel(
            "stat",
            "Database|数据库",
            "Size on disk.|磁盘占用。",
            'SELECT size_bytes AS "Size|大小" FROM bi.database',
            4,
            4,
            unit="bytes",
            decimals=1,
        ),
        Panel(
            "table",
            "Edges|边缘节点",
            "Last message; how old the newest stored value is (what is younger is still in the spool); clock less ours, more than 2 s is an alarm."
            "|最后消息；最新入库值的年龄（更新的仍在边缘缓存）；时钟差，超过 2 秒报警。",
            """
SELECT group_id AS "Group|组", edge AS "Edge|节点", CASE WHEN online THEN 'Online|在线' ELSE 'Offline|离线' END AS "Contact|联系",
       age_s AS "Silent for|静默", stored_age_s AS "Stored until|入库年龄", clock_skew_s AS "Clock|时钟差", devices AS "Devices|设备",
       devices_offline AS "Away|失联", as_of AS "As of|数据截至"
FROM bi.edge ORDER BY 4 DESC NULLS FIRST LIMIT 100""",
            24,
            7,
            columns=(
                Column("Silent for|静默", "s", 0),
                Column("Stored until|入库年龄", "s", 0),
                Column("Clock|时钟差", "s", 2),
                Column("As of|数据截至", _TIME),
            ),
        ),
        Panel(
            "table",
            "Spools|边缘缓存",
            "How full each edge's spool is, of its bound: from 80 % on somebody should act, at 90 % it begins to drop. Of an edge that is not heard, as it was."
            "|各边缘节点缓存占上限的比例：达到 80 % 应处理，90 % 起丢弃。失联节点为最后已知状态。",
            """
SELECT group_id AS "Group|组", edge AS "Edge|节点", CASE WHEN is_heard THEN 'Heard|在线' ELSE 'Silent|失联' END AS "Contact|联系",
       used_ratio AS "Full|占用率", waiting AS "Waiting|等待条数", oldest_age_s AS "The oldest for|最旧已等", used_bytes AS "In use|已用",
       bound_bytes AS "At most|上限", disk_free_bytes AS "Disk free|磁盘剩余", as_of AS "As of|数据截至"
FROM bi.edge_spool ORDER BY 4 DESC, 2 LIMIT 100""",
            24,
            7,
            columns=(
                Column("Full|占用率", "percentunit", 0, gauge=True),
                Column("Waiting|等待条数", "locale"),
                Column("The oldest for|最旧已等", "s", 0),
                Column("In use|已用", "bytes", 1),
                Column("At most|上限", "bytes", 1),
                Column("Disk free|磁盘剩余", "bytes", 1),
                Column("As of|数据截至", _TIME),
            ),
        ),
        Panel(
            "timeseries",
            "Stored values, last 24 hours|入库数据量（最近 24 小时）",
            "Values committed per second, mean of each point.|每秒入库值数。",
            """
SELECT date_bin('$__interval', minute, 'epoch') AS time, edge AS metric, sum(samples) / 60.0 / count(DISTINCT minute) AS value
FROM bi.ingest_minute WHERE $__timeFilter(minute) GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            8,
            unit="short",
            interval="1m",
            window="24h",
        ),
        Panel(
            "timeseries",
            "Lag, last 24 hours|入库延迟（最近 24 小时）",
            "Time from a value's source to its commit: the 95th percentile of a minute's commits, the worst minute of each point. While a backlog drains it is the backlog's age."
            "|从采集到入库的时间：每分钟的 95 分位，取最差的一分钟；补传时即积压的年龄。",
            """
SELECT date_bin('$__interval', minute, 'epoch') AS time, edge AS metric, max(lag_p95_s) AS value
FROM bi.ingest_minute WHERE $__timeFilter(minute) GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            8,
            unit="s",
            interval="1m",
            window="24h",
        ),
        Panel(
            "table",
            "Documents to the ERP|给 ERP 的单据",
            "By state, of those made within the range.|按状态，所选时段内产生。",
            """
SELECT connector AS "Connector|连接器", kind AS "Kind|类型", state AS "State|状态", count(*) AS "Documents|单据", max(waiting_s) AS "Oldest waits|最久等待",
       max(as_of) AS "As of|数据截至"
FROM bi.erp_document WHERE $__timeFilter(created_time) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 100""",
            12,
            9,
            columns=(Column("Oldest waits|最久等待", "s", 0), Column("As of|数据截至", _TIME)),
        ),
        Panel(
            "table",
            "To be mended by a person|待人工处理",
            "Refused, modified or unknown documents and stopped inbox rows, oldest first, whatever the range.|被拒、被改、存疑的单据与停住的收件，最早在前，不限时段。",
            """
SELECT "What|内容", "Number|编号", "State|状态", "Why|原因", "Since|自" FROM (
    SELECT kind AS "What|内容", work_order AS "Number|编号", state AS "State|状态", problem AS "Why|原因", created_time AS "Since|自"
    FROM bi.erp_document WHERE state IN ('refused', 'unknown', 'modified')
    UNION ALL
    SELECT kind, external_id, state, problem, received_time FROM bi.erp_inbox WHERE state IN ('stopped', 'refused')) AS told
ORDER BY 5 LIMIT 50""",
            12,
            9,
            columns=(Column("Since|自", _TIME),),
        ),
        Panel(
            "table",
            "Alarms that are on|当前报警",
            "Raised and not cleared.|已触发未解除。",
            """SELECT kind AS "Alarm|报警", subject AS "Of|对象", detail AS "Detail|详情", raised_time AS "Since|自", as_of AS "As of|数据截至"
FROM bi.alarm WHERE cleared_time IS NULL ORDER BY raised_time DESC LIMIT 50""",
            12,
            8,
            columns=(Column("Since|自", _TIME), Column("As of|数据截至", _TIME)),
        ),
        Panel(
            "table",
            "Counts in doubt|存疑计数",
            "Between two readings something from at least to at most was made; believed is in the total until a person settles it."
            "|两次读数之间产出介于最少与最多；人工确认前按“采信”计入。",
            """
SELECT machine AS "Machine|设备", tag AS "Tag|标签", kind AS "Kind|类型", from_ts AS "From|从", to_ts AS "To|到", at_least AS "At least|最少",
       believed AS "Believed|采信", at_most AS "At most|最多", as_of AS "As of|数据截至"
FROM bi.odometer_case WHERE state = 'open' ORDER BY from_ts DESC LIMIT 50""",
            12,
            8,
            columns=(Column("From|从", _TIME), Column("To|到", _TIME), Column("As of|数据截至", _TIME)),
        ),
        Panel(
            "table",
            "Gaps|数据缺口",
            "What edges had to drop because their disk was full, newest first.|边缘磁盘满时丢弃的数据，最新在前。",
            """
SELECT edge AS "Edge|节点", device AS "Device|设备", tag AS "Tag|标签", reason AS "Why|原因", from_ts AS "From|从", to_ts AS "To|到",
       count AS "Readings|读数", as_of AS "As of|数据截至"
FROM bi.gap ORDER BY stored_time DESC LIMIT 50""",
            24,
            7,
            columns=(
                Column("From|从", _TIME),
                Column("To|到", _TIME),
                Column("Readings|读数", "locale"),
                Column("As of|数据截至", _TIME),
            ),
        ),
    ),
    refresh="30s",
    has_line=False,
)
