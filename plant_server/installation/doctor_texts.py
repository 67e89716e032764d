"""The doctor's words: per code what is so, and what to do (empty: nothing), in English and Chinese."""

from plant_server.installation.alarm_texts import ALARM_TEXTS
from plant_server.installation.finding import Finding

Words = tuple[str, str]

TEXTS: dict[str, dict[str, Words]] = {
    "settings-ok": {"en": ("settings are complete", ""), "zh-CN": ("设置完整", "")},
    "settings-wrong": {
        "en": ("{why}", "mend these LINESIDE_* variables and start the processes again"),
        "zh-CN": ("{why}", "更正这些 LINESIDE_* 变量，然后重新启动各进程"),
    },
    "disk-ok": {
        "en": ("{free_gib} GiB free ({percent} %)", ""),
        "zh-CN": ("剩余 {free_gib} GiB（{percent} %）", ""),
    },
    "disk-low": {
        "en": ("only {free_gib} GiB free ({percent} %)", "add room, or lower LINESIDE_RETENTION_DAYS"),
        "zh-CN": ("仅剩 {free_gib} GiB（{percent} %）", "扩充磁盘，或减小 LINESIDE_RETENTION_DAYS"),
    },
    "disk-full": {
        "en": (
            "{free_gib} GiB free ({percent} %)",
            "make room now: the database stops when the disk is full",
        ),
        "zh-CN": ("剩余 {free_gib} GiB（{percent} %）", "立即清理磁盘：磁盘写满后数据库将停止"),
    },
    "secrets-ok": {"en": ("{count} files, private", ""), "zh-CN": ("{count} 个文件，仅所有者可读", "")},
    "secrets-open": {
        "en": ("others may read {files}", "chmod 600 these files; who may have read them knows the secrets"),
        "zh-CN": ("其他用户可读 {files}", "对这些文件执行 chmod 600；若已被读取，密钥视为泄露"),
    },
    "certificates-ok": {
        "en": ("{count} certificates; the first ends on {ends}", ""),
        "zh-CN": ("{count} 个证书；最早到期 {ends}", ""),
    },
    "certificates-ending": {
        "en": (
            "{file} ends on {ends}",
            "run `lineside prepare` again and give the new file to whom it belongs",
        ),
        "zh-CN": ("{file} 将于 {ends} 到期", "重新运行 `lineside prepare`，并将新文件交给使用者"),
    },
    "certificates-ended": {
        "en": (
            "{file} ended on {ends}",
            "run `lineside prepare` again and give the new file to whom it belongs",
        ),
        "zh-CN": ("{file} 已于 {ends} 到期", "重新运行 `lineside prepare`，并将新文件交给使用者"),
    },
    "certificates-damaged": {
        "en": ("{file} is no certificate", "run `lineside prepare` again: it issues a new one"),
        "zh-CN": ("{file} 不是有效证书", "重新运行 `lineside prepare` 以签发新证书"),
    },
    "database-ok": {"en": ("PostgreSQL {version}", ""), "zh-CN": ("PostgreSQL {version}", "")},
    "database-too-old": {
        "en": ("PostgreSQL {version} is too old", "make a backup, install PostgreSQL 15 or later, restore"),
        "zh-CN": ("PostgreSQL {version} 版本过旧", "先备份，安装 PostgreSQL 15 或更高版本，再恢复"),
    },
    "database-unavailable": {
        "en": ("no answer: {why}", "start PostgreSQL, and look at LINESIDE_DATABASE_URL"),
        "zh-CN": ("无响应：{why}", "启动 PostgreSQL，并检查 LINESIDE_DATABASE_URL"),
    },
    "timescale-on": {"en": ("TimescaleDB {version}", ""), "zh-CN": ("TimescaleDB {version}", "")},
    "timescale-available": {
        "en": ("TimescaleDB {version} is there, not used: plain partitions", ""),
        "zh-CN": ("TimescaleDB {version} 可用但未启用：使用普通分区", ""),
    },
    "timescale-absent": {
        "en": ("no TimescaleDB: plain partitions, which is fine", ""),
        "zh-CN": ("无 TimescaleDB：使用普通分区，正常", ""),
    },
    "clock-ok": {
        "en": ("database and this machine agree ({skew_s} s)", ""),
        "zh-CN": ("数据库与本机时钟一致（{skew_s} 秒）", ""),
    },
    "clock-old": {
        "en": ("the database's clock is {skew_s} s off ours", "let both machines take the time by NTP"),
        "zh-CN": ("数据库时钟与本机相差 {skew_s} 秒", "两台机器都使用 NTP 对时"),
    },
    "schema-ok": {"en": ("{count} migrations", ""), "zh-CN": ("{count} 个迁移", "")},
    "schema-not-ready": {
        "en": ("{why}", "behind: run `lineside migrate`; ahead: install the version that made it"),
        "zh-CN": ("{why}", "版本落后：运行 `lineside migrate`；版本超前：安装创建它的程序版本"),
    },
    "ingest-ok": {"en": ("at work ({age} ago)", ""), "zh-CN": ("运行中（{age} 前）", "")},
    "ingest-old": {
        "en": ("asked the database nothing for {age}", "look at its log and start it again"),
        "zh-CN": ("已 {age} 未访问数据库", "查看其日志并重新启动"),
    },
    "ingest-absent": {
        "en": (
            "not running: nothing is stored",
            "start `lineside ingest`; edges keep their readings meanwhile",
        ),
        "zh-CN": ("未运行：数据未存储", "启动 `lineside ingest`；期间数据保留在边缘端"),
    },
    "keeper-ok": {"en": ("at work ({age} ago)", ""), "zh-CN": ("运行中（{age} 前）", "")},
    "keeper-old": {
        "en": ("asked the database nothing for {age}", "look at its log and start it again"),
        "zh-CN": ("已 {age} 未访问数据库", "查看其日志并重新启动"),
    },
    "keeper-absent": {
        "en": ("not running: no rollups, no bookings, no seals", "start `lineside keeper`"),
        "zh-CN": ("未运行：不汇总、不记账、不封存", "启动 `lineside keeper`"),
    },
    "edges-ok": {"en": ("{count}, all heard of", ""), "zh-CN": ("{count} 个，均有消息", "")},
    "edges-none": {
        "en": ("none was ever heard of", "start an edge with the files `lineside prepare` made for it"),
        "zh-CN": ("从未收到任何边缘端消息", "使用 `lineside prepare` 生成的文件启动边缘端"),
    },
    "edges-silent": {
        "en": ("silent: {edges}", "look at these machines: power, network, `lineside edge check`"),
        "zh-CN": ("无消息：{edges}", "检查这些机器：电源、网络、`lineside edge check`"),
    },
    "edges-skewed": {
        "en": ("clocks are off: {edges}", "let these machines take the time by NTP"),
        "zh-CN": ("时钟有偏差：{edges}", "让这些机器使用 NTP 对时"),
    },
    "cursor-ok": {"en": ("something was stored {age} ago", ""), "zh-CN": ("{age} 前有数据入库", "")},
    "cursor-old": {
        "en": (
            "nothing stored for {age}, though edges are there",
            "look at the logs of ingest and of the edges",
        ),
        "zh-CN": ("边缘端在线，但已 {age} 无数据入库", "查看 ingest 与边缘端的日志"),
    },
    "cursor-none": {
        "en": ("nothing was ever stored", "look at the logs of ingest and of the edges"),
        "zh-CN": ("从未有数据入库", "查看 ingest 与边缘端的日志"),
    },
    "sealer-ok": {"en": ("{count} events wait for their seal", ""), "zh-CN": ("{count} 个事件等待封存", "")},
    "sealer-old": {
        "en": ("{count} events wait, the oldest for {age}", "look at the keeper's log"),
        "zh-CN": ("{count} 个事件等待封存，最早已等 {age}", "查看 keeper 的日志"),
    },
    "outbox-ok": {"en": ("{count} facts are due for the ERP", ""), "zh-CN": ("{count} 条待发送到 ERP", "")},
    "outbox-old": {
        "en": (
            "{count} facts are due for the ERP, the oldest for {age}",
            "start `lineside bridge run`, or look at its log; `lineside bridge check` tells what it reaches",
        ),
        "zh-CN": (
            "{count} 条待发送到 ERP，最早已等 {age}",
            "启动 `lineside bridge run` 或查看其日志；`lineside bridge check` 可检查连接",
        ),
    },
    "spools-ok": {
        "en": ("the fullest is that of {edge}: {percent} % of its bound", ""),
        "zh-CN": ("最满的是 {edge} 的缓存：已用上限的 {percent} %", ""),
    },
    "spools-filling": {
        "en": (
            "nearly full, of its bound: {edges}",
            "these edges are heard, so what waits should drain: if it does not, read ingest's log, then the edge's. At 90 % the "
            "oldest readings give way to gap records. If it comes again, raise spool.max_bytes there",
        ),
        "zh-CN": (
            "缓存将满（占上限）：{edges}",
            "这些边缘端在线，积压应会排空：若未减少，先查看 ingest 日志，再查看边缘端日志。达到 90 % 后最旧的读数将被丢弃并留下缺口记录。"
            "若反复出现，增大该处的 spool.max_bytes",
        ),
    },
    "spools-away": {
        "en": (
            "was nearly full when last heard: {edges}",
            "bring these edges back into contact (power, network, broker): they go on reading, and at 90 % the oldest readings "
            "give way to gap records. What waits is then stored by itself",
        ),
        "zh-CN": (
            "最后一次收到消息时缓存将满：{edges}",
            "恢复这些边缘端的联系（电源、网络、代理）：它们仍在采集，达到 90 % 后最旧的读数将被丢弃并留下缺口记录。恢复后积压会自行入库",
        ),
    },
    "spools-disk-low": {
        "en": (
            "the disk it lies on is nearly full: {edges} free",
            "make room on the disks of these edges: without it a spool cannot grow to its bound, and drops readings sooner",
        ),
        "zh-CN": (
            "缓存所在磁盘将满：{edges} 剩余",
            "清理这些边缘端的磁盘：空间不足时缓存无法增长到上限，会更早丢弃读数",
        ),
    },
    "spool-ok": {"en": ("no edge dropped anything today", ""), "zh-CN": ("一天内边缘端未丢弃数据", "")},
    "spool-dropped": {
        "en": (
            "dropped within a day: {gaps}",
            "`dropped`: give these edges more room (spool.max_bytes); for other reasons see the page /integrator",
        ),
        "zh-CN": (
            "一天内有数据丢弃：{gaps}",
            "`dropped`：为这些边缘端增大 spool.max_bytes；其他原因见 /integrator 页面",
        ),
    },
    "quarantine-ok": {"en": ("empty", ""), "zh-CN": ("为空", "")},
    "quarantine-some": {
        "en": (
            "{count} messages within a week could not be stored",
            "look at plant.quarantine: `reason` and `detail` say whose fault it is",
        ),
        "zh-CN": ("一周内有 {count} 条消息无法入库", "查看 plant.quarantine 的 reason 与 detail"),
    },
    "alarms-ok": {"en": ("none open", ""), "zh-CN": ("无未处理报警", "")},
    **ALARM_TEXTS,
    "hold-ok": {"en": ("nobody is held since a restore", ""), "zh-CN": ("恢复备份后没有被暂停的系统", "")},
    "hold-on": {
        "en": (
            "{systems}: told nothing since the restore {age} ago, from a backup of {backup}",
            "let edges deliver and people enter again what is missing, look at the bridge's page or `lineside bridge held`, then "
            "`lineside bridge release`",
        ),
        "zh-CN": (
            "{systems}：{age} 前恢复备份（{backup}）后已暂停发送",
            "等边缘端补传、人员补录后，查看接口页面或 `lineside bridge held`，再运行 `lineside bridge release`",
        ),
    },
    "broker-ok": {
        "en": ("{broker} answers; its certificate ends on {ends}", ""),
        "zh-CN": ("{broker} 正常；证书到期 {ends}", ""),
    },
    "broker-ending": {
        "en": (
            "the certificate of {broker} ends on {ends}",
            "run `lineside prepare` again and restart the broker",
        ),
        "zh-CN": ("{broker} 的证书将于 {ends} 到期", "重新运行 `lineside prepare` 并重启代理"),
    },
    "broker-plain": {
        "en": ("{broker} answers without TLS", "use mqtts:// wherever it is more than a trial"),
        "zh-CN": ("{broker} 可连接，但未使用 TLS", "除试用外请使用 mqtts://"),
    },
    "broker-refused": {
        "en": (
            "{broker}: {why}",
            "let broker and LINESIDE_MQTT__CA, __CERT, __KEY be of one `lineside prepare`",
        ),
        "zh-CN": (
            "{broker}：{why}",
            "代理与 LINESIDE_MQTT__CA、__CERT、__KEY 应出自同一次 `lineside prepare`",
        ),
    },
    "broker-unreachable": {
        "en": ("{broker}: {why}", "start the broker, and look at LINESIDE_MQTT__URL and the firewall"),
        "zh-CN": ("{broker}：{why}", "启动代理，并检查 LINESIDE_MQTT__URL 与防火墙"),
    },
    "anchors-ok": {"en": ("last written {age} ago", ""), "zh-CN": ("{age} 前写入", "")},
    "anchors-none": {
        "en": ("{file} is not there", "let the keeper write there; an edited database is found by it alone"),
        "zh-CN": ("{file} 不存在", "确保 keeper 可写入该文件；只有它能发现数据库被篡改"),
    },
    "backup-ok": {"en": ("the newest is {age} old", ""), "zh-CN": ("最新备份为 {age} 前", "")},
    "backup-old": {
        "en": ("the newest is {age} old", "run `lineside backup`, and let a timer do it each night"),
        "zh-CN": ("最新备份为 {age} 前", "运行 `lineside backup`，并设置每晚定时备份"),
    },
    "backup-none": {
        "en": ("none in {folder}", "run `lineside backup`, and let a timer do it each night"),
        "zh-CN": ("{folder} 中没有备份", "运行 `lineside backup`，并设置每晚定时备份"),
    },
}


def words(finding: Finding, language: str) -> Words:
    """What is so, and what to do next."""
    texts = TEXTS[finding.code]
    what, action = texts.get(language, texts["en"])
    return what.format(**finding.values), action.format(**finding.values)
