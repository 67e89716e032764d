"""The words of the health page, in English and Chinese. An edge installs without the plant and its catalogues.

PAGE: labels. FINDINGS: per code of `health_status` what is so, and what to do next.
"""

from typing import Literal

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")

PAGE: dict[str, tuple[str, str]] = {
    "title": ("Edge {edge}", "边缘端 {edge}"),
    "ok": ("All is well", "一切正常"),
    "degraded": ("Works, but not all is well", "可以工作，但有问题"),
    "failed": ("Does not do its work", "无法正常工作"),
    "what_to_do": ("What to do", "需要处理"),
    "as_of": ("as of {time}", "截至 {time}"),
    "stale": (
        "No answer from the edge: what stands here is old",
        "边缘端没有响应：此处内容已过时",
    ),
    "other_language": ("中文", "English"),
    "reload": ("Reload", "刷新"),
    "edge": ("This edge", "本边缘端"),
    "group": ("Group", "组"),
    "version": ("Version", "版本"),
    "started": ("Running since", "运行开始"),
    "configured": ("Configuration accepted", "配置生效时间"),
    "cpu": ("Processor time", "处理器时间"),
    "memory": ("Memory", "内存"),
    "clock": ("Clock", "时钟"),
    "clock_believed": ("believed", "可信"),
    "clock_mistrusted": ("not believed", "不可信"),
    "clock_ahead": ("{seconds} s from the plant's", "与工厂时钟相差 {seconds} 秒"),
    "delivery": ("Delivery", "投递"),
    "broker": ("Broker", "消息代理"),
    "state": ("State", "状态"),
    "connected": ("connected since {time}", "已连接，自 {time}"),
    "trying": ("being tried", "正在尝试"),
    "next": ("in reserve", "备用"),
    "last_error": ("Last error", "最近错误"),
    "primary_host": ("Primary host", "主应用"),
    "host_online": ("{host} is online", "{host} 在线"),
    "host_offline": ("{host} is offline", "{host} 离线"),
    "host_unknown": ("nothing heard of {host}", "尚未收到 {host} 的消息"),
    "host_none": ("none is waited for", "不等待"),
    "lag": ("Oldest entry the plant does not have", "工厂尚未收到的最早条目"),
    "lag_none": ("the plant has everything", "工厂已收到全部条目"),
    "old": ("{age} old", "{age} 前"),
    "backlog": ("Entries waiting", "等待的条目"),
    "spool": ("Spool file", "缓存文件"),
    "spool_share": ("{bytes} of {max} ({percent} %)", "{bytes} / {max}（{percent} %）"),
    "free": ("Free on its disk", "磁盘剩余"),
    "buffer": ("Read, not on disk yet", "已读取，尚未写盘"),
    "epoch": ("Epoch", "纪元"),
    "losses": ("Lost, and told", "已丢失并已上报"),
    "losses_since": ("since the edge was started", "自本次启动以来"),
    "thinned": ("Runs of entries thinned for want of room", "因空间不足而稀疏的条目段"),
    "gaps": ("Gaps between a device and the edge", "设备与边缘端之间的缺口"),
    "skipped": ("Polls left out", "跳过的轮询"),
    "set_aside": ("Entries set aside: the plant never took them", "已搁置的条目：工厂始终未接收"),
    "epochs": ("Epochs begun because the file was older than the plant", "因文件比工厂旧而新开的纪元"),
    "garbled": ("Answers on Modbus lines thrown away", "Modbus 线路上丢弃的应答"),
    "devices": ("Devices", "设备"),
    "no_devices": ("No device is configured.", "尚未配置设备。"),
    "device": ("Device", "设备"),
    "contact": ("Contact", "联系"),
    "online": ("in contact", "已联系"),
    "offline": ("out of contact", "失去联系"),
    "not_tried": ("not tried yet", "尚未尝试"),
    "last_reading": ("Last answer", "最近应答"),
    "never": ("never", "从未"),
    "none": ("none", "无"),
    "unknown": ("not known", "未知"),
    "poll_time": ("Poll took", "轮询耗时"),
    "bad_tags": ("Tags without a value", "无值测点"),
    "and_more": ("{tags} and {count} more", "{tags} 等，另有 {count} 个"),
}

FINDINGS: dict[str, dict[Language, tuple[str, str]]] = {
    "loop_hangs": {
        "en": (
            "{about} hangs: overdue by {seconds} s",
            "Restart the edge, and send its log to whoever maintains Lineside",
        ),
        "zh-CN": ("{about} 已停滞：超时 {seconds} 秒", "重启边缘端，并将日志发给 Lineside 维护者"),
    },
    "clock_wrong": {
        "en": (
            "Nothing is read: {reason}",
            "Set this computer's clock (timedatectl). If the time that was before is wrong, see Clocks in edge/README.md",
        ),
        "zh-CN": (
            "未读取任何数据：{reason}",
            "校正本机时钟（timedatectl）。若先前的时间有误，见 edge/README.md 的 Clocks 一节",
        ),
    },
    "clock_skewed": {
        "en": ("This clock is {seconds} s from the plant's", "Let both take their time from one NTP server"),
        "zh-CN": ("本机时钟与工厂时钟相差 {seconds} 秒", "让两者使用同一 NTP 服务器"),
    },
    "configuration_refused": {
        "en": (
            "The configuration file is refused, the edge runs on what was accepted before: {reason}",
            "Mend it: lineside edge check tells all mistakes. It is taken by itself",
        ),
        "zh-CN": (
            "配置文件被拒绝，边缘端继续使用先前的配置：{reason}",
            "改正文件：lineside edge check 会列出全部错误，改正后自动生效",
        ),
    },
    "configuration_needs_restart": {
        "en": (
            "The configuration file waits for a restart: {reason}",
            "Restart the edge when it suits, or take the change back",
        ),
        "zh-CN": ("配置文件需重启后才能生效：{reason}", "在合适的时候重启边缘端，或撤回更改"),
    },
    "configuration_no_room": {
        "en": (
            "The configuration file waits for room in the spool: {reason}",
            "Make room on the disk; it is taken by itself",
        ),
        "zh-CN": ("配置文件在等待缓存空间：{reason}", "清理磁盘；之后自动生效"),
    },
    "spool_refuses": {
        "en": (
            "Readings wait in memory: {reason}",
            "Make room on the disk or replace it; the edge goes on by itself",
        ),
        "zh-CN": ("读数暂存于内存：{reason}", "清理或更换磁盘；边缘端会自行恢复"),
    },
    "disk_hangs": {
        "en": (
            "The disk of the spool does not answer",
            "Look at the disk (dmesg); a worn flash card behaves like this",
        ),
        "zh-CN": ("缓存所在磁盘没有响应", "检查磁盘（dmesg）；磨损的闪存卡会如此"),
    },
    "spool_filling": {
        "en": (
            "The spool is {percent} % full; at 90 % old samples are thinned",
            "See why the plant does not take the entries, or raise spool.max_bytes",
        ),
        "zh-CN": (
            "缓存已用 {percent} %；达到 90 % 时旧样本会被稀疏",
            "查明工厂为何未接收，或增大 spool.max_bytes",
        ),
    },
    "disk_full": {
        "en": ("Only {free_mb} MB are free on the disk of the spool", "Make room there"),
        "zh-CN": ("缓存所在磁盘仅剩 {free_mb} MB", "清理该磁盘"),
    },
    "broker_connecting": {
        "en": ("Not connected to a broker yet", "Wait a moment"),
        "zh-CN": ("尚未连接到消息代理", "请稍候"),
    },
    "broker_unreachable": {
        "en": (
            "{about} cannot be reached: {reason}",
            "See whether it runs, and whether name, port and firewall are right",
        ),
        "zh-CN": ("无法连接 {about}：{reason}", "检查其是否运行，以及名称、端口和防火墙"),
    },
    "broker_silent": {
        "en": (
            "{about} does not answer: {reason}",
            "See whether it is overloaded, or whether something else has that port",
        ),
        "zh-CN": ("{about} 没有应答：{reason}", "检查其是否过载，或该端口是否属于其他程序"),
    },
    "broker_certificate": {
        "en": (
            "The certificates of this edge and {about} do not fit: {reason}",
            "Compare broker.ca, cert and key with those of the plant; a certificate may have ended",
        ),
        "zh-CN": (
            "本边缘端与 {about} 的证书不匹配：{reason}",
            "将 broker.ca、cert、key 与工厂的核对；证书可能已过期",
        ),
    },
    "broker_refused": {
        "en": (
            "{about} refuses this edge: {reason}",
            "Compare user, password and the rights of this edge's name and group at the broker",
        ),
        "zh-CN": ("{about} 拒绝本边缘端：{reason}", "核对用户、密码，以及本边缘端名称和组在消息代理上的权限"),
    },
    "broker_lost": {
        "en": (
            "The connection to {about} ended: {reason}",
            "It is made anew by itself; see the broker's log if it happens often",
        ),
        "zh-CN": ("与 {about} 的连接已断开：{reason}", "会自动重连；若经常发生，查看消息代理的日志"),
    },
    "broker_host_offline": {
        "en": (
            "The plant is not connected to {about}",
            "Start the plant's ingest, or wait for it; readings are kept here",
        ),
        "zh-CN": ("工厂未连接到 {about}", "启动工厂的 ingest 或等待其恢复；读数保存在此"),
    },
    "broker_host_absent": {
        "en": (
            "Nothing is heard of the plant at {about}",
            "Compare broker.primary_host with the plant's shard; see whether its ingest is at this broker",
        ),
        "zh-CN": (
            "在 {about} 未收到工厂的消息",
            "核对 broker.primary_host 与工厂的分片名；检查 ingest 是否连接到此消息代理",
        ),
    },
    "broker_plant_silent": {
        "en": ("The plant stored nothing of what was sent by {about}", "See lineside doctor at the plant"),
        "zh-CN": ("经 {about} 发送的内容，工厂未存储", "在工厂端运行 lineside doctor"),
    },
    "lagging": {
        "en": (
            "The plant is behind: the oldest entry it lacks is {seconds} s old",
            "After an outage this passes; else see lineside doctor at the plant",
        ),
        "zh-CN": (
            "工厂落后：其缺少的最早条目已有 {seconds} 秒",
            "停机后会自行恢复；否则在工厂端运行 lineside doctor",
        ),
    },
    "no_devices": {
        "en": (
            "No device is configured",
            "Add one under devices in the configuration: edge/FIRST_MACHINE.md",
        ),
        "zh-CN": ("尚未配置设备", "在配置的 devices 下添加：edge/FIRST_MACHINE.zh-CN.md"),
    },
    "device_not_tried": {
        "en": ("{about} was not reached yet", "Wait a moment"),
        "zh-CN": ("尚未连接到 {about}", "请稍候"),
    },
    "device_silent": {
        "en": (
            "{about} does not answer: {reason}",
            "See whether it is switched on and the cable sits; then lineside edge check",
        ),
        "zh-CN": ("{about} 没有应答：{reason}", "检查其电源和网线；然后运行 lineside edge check"),
    },
    "device_refuses": {
        "en": (
            "{about} refuses this edge: {reason}",
            "Accept its certificate (lineside edge trust list) or mend its security settings; lineside edge check says more",
        ),
        "zh-CN": (
            "{about} 拒绝本边缘端：{reason}",
            "接受其证书（lineside edge trust list）或更正 security 设置；lineside edge check 有更多说明",
        ),
    },
}


class Words:
    """Of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._place = LANGUAGES.index(language)

    def __call__(self, name: str, **values: str) -> str:
        return PAGE[name][self._place].format(**values)

    def finding(self, code: str, about: str, values: dict[str, str]) -> tuple[str, str]:
        """What is so, and what to do."""
        so, action = FINDINGS[code][self.language]
        return so.format(about=about, **values), action


def language_for(accepted: str, chosen: str = "") -> Language:
    """What was chosen by the link, else the first of Accept-Language (RFC 9110) that we have, by weight; else English."""
    if chosen in LANGUAGES:
        return LANGUAGES[LANGUAGES.index(chosen)]
    best, best_weight = LANGUAGES[0], 0.0
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter.strip())
        for language in LANGUAGES:
            if tag.lower().split("-")[0] == language[:2] and weight > best_weight:
                best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
