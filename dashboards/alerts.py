"""Alert rules as a file: SQL on the views of schema bi, a threshold, and a sentence in both languages.

A rule's SQL gives one number a row; its text columns become labels of the alert. No row means that all is well.
"""

from dataclasses import dataclass

from dashboards.board import DATASOURCE, Json

EVERY = "1m"


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires where `value` is more than `above` for `lasting`. `board`: where to look."""

    uid: str
    title: str
    sql: str
    above: float
    lasting: str
    summary: str
    board: str
    severity: str = "warning"


OPEN = "state IN ('planned', 'released', 'running', 'paused', 'held')"

RULES = (
    Rule(
        "lineside-edge-silent",
        "Edge silent / 边缘节点无消息",
        "SELECT edge, coalesce(age_s, 86400) AS value FROM bi.edge",
        120,
        "0s",
        "{{ $labels.edge }}: no message for more than 2 min / 超过 2 分钟没有消息",
        "lineside-health",
        "critical",
    ),
    Rule(
        "lineside-stop-unexplained",
        "Stop without a reason / 停机未说明原因",
        "SELECT machine, max(duration_s) AS value FROM bi.stop WHERE to_ts IS NULL AND reason IS NULL AND NOT is_micro GROUP BY machine",
        600,
        "0s",
        "{{ $labels.machine }}: stands for more than 10 min, nobody said why / 停机超过 10 分钟，未说明原因",
        "lineside-shift",
    ),
    Rule(
        "lineside-andon-unanswered",
        "Andon unacknowledged / 安灯无人响应",
        """SELECT machine, type, max(age_s) AS value FROM bi.andon_call
WHERE state = 'open' AND NOT is_late GROUP BY machine, type""",
        180,
        "0s",
        "{{ $labels.machine }}: somebody calls for {{ $labels.type }} for more than 3 min, nobody answers / 呼叫超过 3 分钟无人响应",
        "lineside-shift",
        "critical",
    ),
    Rule(
        "lineside-scrap-high",
        "Scrap above 5 % / 不良率超过 5 %",
        """SELECT machine, sum(scrap + rework) / sum(made) AS value FROM bi.output_hour
WHERE from_ts > now() - interval '2 hours' GROUP BY machine HAVING sum(made) >= 50""",
        0.05,
        "5m",
        "{{ $labels.machine }}: more than 5 % scrap and rework in the last hours / 近期不良率超过 5 %",
        "lineside-quality",
    ),
    Rule(
        "lineside-order-late",
        "Order more than 30 min behind / 工单落后超过 30 分钟",
        f"""SELECT work_order, extract(epoch FROM greatest(as_of, coalesce(expected_end, as_of)) - due_time)::float8 AS value
FROM bi.work_order WHERE {OPEN} AND due_time IS NOT NULL ORDER BY value DESC LIMIT 200""",
        1800,
        "0s",
        "{{ $labels.work_order }}: will be, or is, more than 30 min late / 将或已延期超过 30 分钟",
        "lineside-plant",
    ),
    Rule(
        "lineside-quarantine",
        "Something could not be stored / 有数据无法入库",
        "SELECT count(*)::float8 AS value FROM bi.quarantine WHERE received_time > now() - interval '1 hour'",
        0,
        "0s",
        "Messages or samples were quarantined in the last hour / 最近一小时有数据被隔离",
        "lineside-health",
    ),
    Rule(
        "lineside-gap",
        "An edge had to drop readings / 边缘节点丢弃了数据",
        "SELECT edge, count(*)::float8 AS value FROM bi.gap WHERE stored_time > now() - interval '1 hour' GROUP BY edge",
        0,
        "0s",
        "{{ $labels.edge }}: readings were dropped, its disk was full / 磁盘满，数据被丢弃",
        "lineside-health",
        "critical",
    ),
    Rule(
        "lineside-spool",
        "Spool of an edge nearly full / 边缘缓存将满",
        "SELECT edge, used_ratio AS value FROM bi.edge_spool",
        0.8,
        "2m",
        "{{ $labels.edge }}: its spool is more than 80 % full, at 90 % it begins to drop readings: see /integrator"
        " / 缓存已超过上限的 80 %，达到 90 % 将开始丢弃，处理方法见 /integrator",
        "lineside-health",
        "critical",
    ),
    Rule(
        "lineside-edge-disk",
        "Disk of an edge nearly full / 边缘磁盘将满",
        "SELECT edge, count(*)::float8 AS value FROM bi.edge_spool WHERE disk_is_low GROUP BY edge",
        0,
        "2m",
        "{{ $labels.edge }}: the disk its spool lies on is nearly full / 缓存所在磁盘将满",
        "lineside-health",
        "critical",
    ),
    Rule(
        "lineside-lag",
        "Values are stored late / 入库延迟",
        "SELECT edge, max(lag_p95_s) AS value FROM bi.ingest_minute WHERE minute > now() - interval '5 minutes' GROUP BY edge",
        60,
        "5m",
        "{{ $labels.edge }}: values are stored more than a minute late / 入库延迟超过一分钟",
        "lineside-health",
    ),
    Rule(
        "lineside-clock",
        "Clock of an edge is off / 边缘时钟偏差",
        "SELECT edge, abs(clock_skew_s) AS value FROM bi.edge WHERE clock_skew_s IS NOT NULL",
        2,
        "1m",
        "{{ $labels.edge }}: its clock is off by more than 2 s / 时钟偏差超过 2 秒",
        "lineside-health",
    ),
    Rule(
        "lineside-bridge-behind",
        "The bridge does not fetch / 桥接未取走单据",
        "SELECT coalesce(max(waiting_s), 0) AS value FROM bi.outbox",
        300,
        "0s",
        "The oldest fact for an ERP waits for more than 5 min / 最早一条已等待超过 5 分钟",
        "lineside-health",
    ),
    Rule(
        "lineside-documents-wait",
        "Documents wait for a person / 单据待人工处理",
        """SELECT connector, count(*)::float8 AS value FROM bi.erp_document
WHERE state IN ('refused', 'unknown') GROUP BY connector""",
        0,
        "5m",
        "{{ $labels.connector }}: refused or in doubt, see the bridge's page / 被拒或存疑，请看桥接页面",
        "lineside-health",
    ),
    Rule(
        "lineside-keeper-behind",
        "Figures are behind / 指标计算落后",
        "SELECT minutes_to_make::float8 AS value FROM bi.database",
        50000,
        "10m",
        "The keeper does not keep up: figures are old / 计算进程跟不上，数字已旧",
        "lineside-health",
    ),
)


def rule_groups() -> Json:
    """The content of provisioning/alerting/lineside.yaml."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": "lineside",
                "folder": "Lineside",
                "interval": EVERY,
                "rules": [_rule(rule) for rule in RULES],
            }
        ],
    }


def _rule(rule: Rule) -> Json:
    query: Json = {
        "refId": "A",
        "relativeTimeRange": {"from": 3600, "to": 0},
        "datasourceUid": DATASOURCE["uid"],
        "model": {
            "datasource": dict(DATASOURCE),
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": rule.sql,
            "refId": "A",
        },
    }
    threshold: Json = {
        "refId": "C",
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": "__expr__",
        "model": {
            "conditions": [{"evaluator": {"params": [rule.above], "type": "gt"}}],
            "datasource": {"type": "__expr__", "uid": "__expr__"},
            "expression": "A",
            "refId": "C",
            "type": "threshold",
        },
    }
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "for": rule.lasting,
        "noDataState": "OK",
        "execErrState": "Error",
        "data": [query, threshold],
        # In provisioning files a $ is doubled, else it names a variable of the environment.
        "annotations": {"summary": rule.summary.replace("$", "$$"), "board": rule.board},
        "labels": {"severity": rule.severity},
        "isPaused": False,
    }
