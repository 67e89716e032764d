"""The words of problems, per stable code and language. English stands first and is the fallback."""

LANGUAGES = ("en", "zh-CN")

TITLES: dict[str, dict[str, str]] = {
    "invalid-request": {"en": "The request is not valid", "zh-CN": "请求无效"},
    "body-too-large": {"en": "The request is too large", "zh-CN": "请求内容过大"},
    "not-found": {"en": "There is nothing at this address", "zh-CN": "此地址没有内容"},
    "method-not-allowed": {"en": "This address does not take that method", "zh-CN": "此地址不支持该方法"},
    "no-policy": {"en": "Nobody may use this address yet", "zh-CN": "此地址尚未开放"},
    "sign-in-required": {"en": "Sign in, or send an API token", "zh-CN": "请登录，或提供 API 令牌"},
    "session-locked": {"en": "Locked after ten minutes without a touch", "zh-CN": "十分钟未操作，已锁定"},
    "role-missing": {"en": "Your role may not do this", "zh-CN": "您的角色无权执行此操作"},
    "origin-refused": {
        "en": "The request comes from a page of another site",
        "zh-CN": "请求来自其他网站的页面",
    },
    "sign-in-refused": {"en": "Badge or PIN is not right", "zh-CN": "工牌或 PIN 不正确"},
    "too-many-tries": {"en": "Too many tries; wait a little", "zh-CN": "尝试次数过多，请稍候"},
    "already-set-up": {"en": "There is an administrator already", "zh-CN": "已有管理员"},
    "code-refused": {"en": "The code is not the one in the log", "zh-CN": "代码与日志中的不符"},
    "unknown-person": {"en": "There is no such person", "zh-CN": "没有此人员"},
    "unknown-fact": {"en": "No such fact waits to be settled", "zh-CN": "没有待处理的此记录"},
    "unknown-station": {"en": "There is no such terminal", "zh-CN": "没有此终端"},
    "name-taken": {"en": "Another has this name", "zh-CN": "名称已被占用"},
    "badge-taken": {"en": "Another person has this badge", "zh-CN": "此工牌已分配给他人"},
    "last-administrator": {"en": "One administrator must remain", "zh-CN": "必须保留一名管理员"},
    "token-refused": {"en": "This API token is not known", "zh-CN": "API 令牌无效"},
    "key-missing": {"en": "The Idempotency-Key header is missing", "zh-CN": "缺少 Idempotency-Key 标头"},
    "key-invalid": {"en": "The Idempotency-Key is not a UUID", "zh-CN": "Idempotency-Key 不是 UUID"},
    "time-ahead": {"en": "This lies in the future", "zh-CN": "此时间在将来"},
    "key-reused": {"en": "This key was used for something else", "zh-CN": "此键已用于其他请求"},
    "busy": {"en": "Somebody else is changing this; try again", "zh-CN": "正被他人修改，请重试"},
    "unknown-device": {"en": "There is no such device", "zh-CN": "没有此设备"},
    "unknown-tag": {"en": "There is no such tag", "zh-CN": "没有此测点"},
    "unknown-proposal": {"en": "There is no such proposal", "zh-CN": "没有此提议"},
    "unknown-equipment": {"en": "There is no such equipment", "zh-CN": "没有此设备单元"},
    "path-ambiguous": {"en": "More than one device has this path", "zh-CN": "此路径对应多个设备"},
    "path-missing": {"en": "The device proposes no path; name one", "zh-CN": "设备未提供路径，请指定"},
    "path-taken": {"en": "Other equipment has this path", "zh-CN": "此路径已被占用"},
    "already-decided": {"en": "The proposal has been decided before", "zh-CN": "此提议已处理"},
    "span-invalid": {"en": "The time span is empty or too long", "zh-CN": "时间范围为空或过长"},
    "cursor-invalid": {"en": "The paging cursor is not one of ours", "zh-CN": "分页游标无效"},
    "too-many-listeners": {"en": "Too many live streams are open", "zh-CN": "实时连接过多"},
    "database-unavailable": {"en": "The database does not answer", "zh-CN": "数据库无响应"},
    "schema-not-ready": {"en": "The database waits for its migrations", "zh-CN": "数据库尚未迁移"},
    "internal-error": {"en": "Something went wrong in the server", "zh-CN": "服务器内部错误"},
}


def add_titles(more: dict[str, dict[str, str]]) -> None:
    """What a package refuses with. Raises ValueError for a code that has other words already: one code, one title."""
    said_twice = [code for code, words in more.items() if TITLES.get(code, words) != words]
    if said_twice:
        raise ValueError(f"these codes have other words already: {', '.join(sorted(said_twice))}")
    TITLES.update(more)


def title(code: str, language: str) -> str:
    texts = TITLES[code]
    return texts.get(language, texts["en"])


def preferred_language(accept_language: str | None) -> str:
    """The language of ours that an Accept-Language header (RFC 9110) likes best; English when it likes none."""
    best, best_weight = LANGUAGES[0], 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        language = _ours(tag.strip().lower())
        weight = _weight(parameter.strip())
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _ours(tag: str) -> str | None:
    primary = tag.partition("-")[0]
    return next((language for language in LANGUAGES if language.lower().partition("-")[0] == primary), None)


def _weight(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0
