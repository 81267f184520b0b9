"""Which language and script a text is in, and what languages are called.

Tags are canonical BCP 47 (RFC 5646), reduced to what changes an answer: the language, and the
script where it is not the usual one (`hi-Latn`) or where there are two (`zh-Hans`, `zh-Hant`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clara.errors import InputError

UNKNOWN = "und"
SUPPORTED = ("en", "es", "pt", "fr", "zh-Hans", "hi", "fil")
"""The languages in which CLARA ships evidence and speaks to the asker."""

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("Latn", "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"),
    ("Cyrl", "\u0400-\u052f"),
    ("Arab", "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"),
    ("Deva", "\u0900-\u0963\u0970-\u097f"),
    ("Beng", "\u0980-\u09ff"),
    ("Kana", "\u3040-\u30ff"),
    ("Hani", "\u3400-\u9fff\uf900-\ufaff"),
    ("Hang", "\u1100-\u11ff\uac00-\ud7af"),
    ("Thai", "\u0e00-\u0e7f"),
    ("Grek", "\u0370-\u03ff"),
    ("Hebr", "\u0590-\u05ff"),
    ("Taml", "\u0b80-\u0bff"),
    ("Telu", "\u0c00-\u0c7f"),
    ("Gujr", "\u0a80-\u0aff"),
    ("Guru", "\u0a00-\u0a7f"),
    ("Knda", "\u0c80-\u0cff"),
    ("Mlym", "\u0d00-\u0d7f"),
    ("Sinh", "\u0d80-\u0dff"),
    ("Ethi", "\u1200-\u137f"),
    ("Mymr", "\u1000-\u109f"),
    ("Khmr", "\u1780-\u17ff"),
    ("Laoo", "\u0e80-\u0eff"),
    ("Geor", "\u10a0-\u10ff"),
    ("Armn", "\u0530-\u058f"),
)
_SCRIPT_PATTERNS = tuple((name, re.compile(f"[{ranges}]")) for name, ranges in _SCRIPTS)
_LANGUAGE_OF_SCRIPT = {
    "Kana": "ja", "Hang": "ko", "Thai": "th", "Grek": "el", "Hebr": "he", "Taml": "ta", "Telu": "te", "Gujr": "gu",
    "Guru": "pa", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Ethi": "am", "Mymr": "my", "Khmr": "km", "Laoo": "lo",
    "Geor": "ka", "Armn": "hy",
}  # fmt: skip
_CANDIDATES = {
    "Latn": ("en", "es", "pt", "fr", "de", "it", "nl", "pl", "tl", "sw", "id", "vi", "tr", "ro",
             "sv", "cs", "ha", "yo", "zu", "ca"),
    "Cyrl": ("ru", "uk", "bg", "sr", "kk"),
    "Arab": ("ar", "fa", "ur", "ps"),
    "Deva": ("hi", "mr", "ne"),
    "Beng": ("bn", "as"),
}  # fmt: skip
# A first choice per script that short questions fall back to, with the probability another needs to beat it.
_USUAL = {"Deva": ("hi", 0.8), "Arab": ("ar", 0.8), "Cyrl": ("ru", 0.8), "Beng": ("bn", 0.9)}
_MARGIN = 0.5
_NO_LANGUAGE = ("mul", "mis", "zxx")  # several, uncoded, none

# Words that identifiers trained on formal text do not know: Hindi as typed in Latin letters, and the
# Filipino words that survive inside Taglish.
_MARKERS = {
    "hi-Latn": frozenset(
        "hai hain kya kyun kyu kyon kaise kab kahan kaun mein mera meri mere mujhe mujhko aap aapka tum hota hoti hote "
        "nahi nahin ho raha rahi rahe ke ki ka ko se aur ya toh bhi agar lekin liye wala karna karne karein kare kiya "
        "aankh aankhon ankh ankhon dard dawai dawa ilaaj ilaj lakshan bimari bukhar khujli laal lal pani "
        "dikhta dikhai dhundhla motiyabind motia chashma kitna kitne".split()
    ),
    "fil": frozenset(
        "ang ng mga sa ko mo niya ako ikaw siya kami tayo ano paano bakit kailan saan sino po opo ba ay hindi wala may "
        "mayroon meron kung kapag dahil para yung gamot mata masakit malabo pananakit paningin sakit dapat gawin "
        "sintomas lunas pamumula namumula nang".split()
    ),
}
# Too common in other languages to count alone.
_WEAK = frozenset("ho se ya ka ke ki ko mo ba may para sa ay po agar lal pani tum na dapat sakit kare".split())

# Frequent characters in which the two written forms of Chinese differ: simplified, traditional.
_HANS_HANT = (
    "们們 这這 个個 为為 么麼 会會 时時 过過 对對 发發 现現 开開 关關 问問 题題 应應 该該 还還 没沒 说說 话話 长長 "
    "动動 体體 头頭 脑腦 脏臟 肿腫 疗療 药藥 医醫 诊診 检檢 视視 网網 脱脫 离離 压壓 泪淚 结結 红紅 热熱 伤傷 损損 "
    "险險 严嚴 经經 从從 种種 两兩 业業 车車 电電 听聽 写寫 读讀 让讓 给給 觉覺 样樣 处處 术術 输輸 节節 见見 点點 "
    "亲親 岁歲 转轉 达達 场場 气氣 变變 龄齡 细細 线線 镜鏡 预預 与與 号號 导導 须須 状狀 请請 儿兒 块塊 双雙 单單 "
    "来來 几幾 轻輕 当當 间間 类類 别別 质質 确確 内內 黄黃 湿濕 睑瞼 远遠 闪閃 飞飛 测測 剂劑 筛篩 钝鈍 鸡雞 颗顆 "
    "颜顏 颈頸 馈饋 麻痲 鲜鮮 钙鈣 铁鐵 错錯 锐銳 键鍵 闭閉 闷悶 阳陽 阴陰 随隨 难難 雾霧 静靜 页頁 顶頂 项項 顺順 "
    "频頻 额額 风風 饭飯 饮飲 马馬 驾駕 验驗 骤驟 鱼魚 鸟鳥 齐齊 义義 乌烏 习習 产產 仪儀 价價 众眾 优優 传傳 伦倫 "
    "侧側 债債 储儲 兴興 养養 兽獸 军軍 农農 冲衝 决決 况況 冻凍 净淨 减減 划劃 创創 删刪 则則 刚剛 剥剝 办辦 劳勞 "
    "势勢 区區 协協 历歷 厌厭 县縣 参參 叶葉 吓嚇 员員 呕嘔 响響 哑啞 唤喚 啮嚙 喷噴 嘱囑 团團 园園 围圍 图圖 圆圓 "
    "坏壞 坚堅 垫墊 备備 复復 够夠 夹夾 奋奮 妇婦 娱娛 婴嬰 孙孫 宁寧 实實 审審 宽寬 尝嘗 层層 属屬 岛島 帮幫 带帶 "
    "库庫 废廢 异異 弯彎 张張 强強 归歸 录錄 彻徹 径徑 忧憂 态態 恶惡 惊驚 惯慣 愈癒 愿願 慑懾 懒懶 戏戲 战戰 户戶 "
    "执執 扩擴 扫掃 扬揚 抚撫 报報 护護 择擇 拟擬 拥擁 挤擠 挥揮 据據 挡擋 捞撈 换換 掷擲 揽攬 摄攝 摆擺 敌敵 数數 "
    "斋齋 断斷 无無 旧舊 显顯 晋晉 晓曉 晕暈 暂暫 杂雜 权權 条條 极極 构構 枪槍 树樹 标標 栏欄 桥橋 楼樓 横橫 欢歡 "
    "残殘 毁毀 毕畢 毙斃 汇匯 汉漢 污汙 汤湯 沟溝 泻瀉 洁潔 浅淺 浆漿 济濟 浑渾 浓濃 涂塗 涨漲 涩澀 润潤 渐漸 渗滲 "
    "温溫 滞滯 满滿 滤濾 滥濫 滨濱 灭滅 灯燈 灵靈 灾災 炼煉 烂爛 烛燭 烟煙 烧燒 爱愛 牵牽 独獨 狭狹 猎獵 献獻 环環 "
    "疮瘡 疱皰 痒癢 瘫癱 癣癬 盐鹽 监監 盖蓋 盘盤 眯瞇 睁睜 码碼 碍礙 礼禮 积積 稳穩 穷窮 窃竊 竞競 笔筆 签簽 简簡 "
    "紧緊 纠糾 纤纖 约約 级級 纪紀 纯純 纱紗 纲綱 纳納 纵縱 纷紛 纸紙 纹紋 练練 组組 织織 终終 绊絆 绍紹 绑綁 绕繞 "
    "绘繪 络絡 绝絕 统統 继繼 绩績 续續 维維 绿綠 缓緩 编編 缘緣 缝縫 缠纏 缩縮 罚罰 罗羅 职職 联聯 聪聰 肠腸 肤膚 "
    "胀脹 胆膽 胜勝 脉脈 脓膿 脸臉 腊臘 腻膩 舰艦 艰艱 艺藝 芦蘆 苏蘇 荐薦 荡蕩 获獲 萤螢 营營 萧蕭 蓝藍 虏虜 虑慮 "
    "虚虛 虫蟲 虽雖 蚀蝕 蚁蟻 蛮蠻 蜗蝸 蝇蠅 补補 袭襲 装裝 裤褲 观觀 规規 览覽 触觸 计計 订訂 认認 训訓 议議 记記 "
    "讲講 许許 论論 设設 访訪 证證 评評 识識 词詞 试試 诚誠 诞誕 询詢 详詳 语語 误誤 诸諸 课課 调調 谁誰 谈談 谢謝 "
    "谨謹 谱譜 贝貝 负負 财財 责責 败敗 货貨 购購 贴貼 贵貴 费費 资資 赖賴 赛賽 赞贊 赠贈 趋趨 跃躍 践踐 踪蹤 轨軌 "
    "轮輪 软軟 载載 较較 辅輔 辆輛 边邊 迁遷 运運 进進 连連 迟遲 适適 选選 递遞 逻邏 遗遺 邮郵 邻鄰 郁鬱 酱醬 释釋 "
    "针針 钟鐘 钢鋼 钱錢 铃鈴 铅鉛 铜銅 银銀 链鏈 销銷 锁鎖 锅鍋 锋鋒 锻鍛 镇鎮 门門 闲閒 闹鬧 闻聞 阔闊 队隊 阵陣 "
    "阶階 际際 陆陸 陈陳 "
).split()
_TO_HANT = {ord(pair[0]): pair[1] for pair in _HANS_HANT}
_TO_HANS = {ord(pair[1]): pair[0] for pair in _HANS_HANT}
_ONLY_SIMPLIFIED = frozenset(pair[0] for pair in _HANS_HANT)
_ONLY_TRADITIONAL = frozenset(pair[1] for pair in _HANS_HANT)


@dataclass(frozen=True, slots=True)
class Detection:
    """A detected language tag (`und` below the margin) and the identifier's probability for it."""

    language: str
    confidence: float


@lru_cache(maxsize=256)
def canonical(tag: str) -> str:
    """Return the canonical tag for a BCP 47 tag or an English or native language name.

    `tl` gives `fil`, `zh` and `zh-CN` give `zh-Hans`, `hi-Deva` gives `hi`. Regions are dropped.
    Raises InputError for anything that names no language.
    """
    import langcodes

    wanted = tag.strip()
    if wanted.lower() == UNKNOWN:
        return UNKNOWN
    try:
        language = langcodes.Language.get(wanted)
        named = re.fullmatch("[a-z]{2,3}", language.language or "") and language.language not in _NO_LANGUAGE
        if not named or not language.is_valid():
            raise LookupError(wanted)
    except (LookupError, ValueError, AttributeError):
        try:
            if len(wanted) < 2:
                raise LookupError(wanted)
            language = langcodes.find(wanted)
        except LookupError:
            raise InputError(
                f"unknown language {wanted[:40]!r}: give a BCP 47 tag such as en, es, hi, hi-Latn or zh-Hans, or auto"
            ) from None
    base = {"tl": "fil", "cmn": "zh"}.get(language.language or "", language.language or "")
    if base == "zh":
        return "zh-Hant" if language.maximize().script == "Hant" else "zh-Hans"
    usual = langcodes.Language.get(base).maximize().script
    return f"{base}-{language.script}" if language.script and language.script != usual else base


@lru_cache(maxsize=256)
def english_name(tag: str) -> str:
    """Return what a prompt calls the language, e.g. "Hindi written in Latin letters"."""
    import langcodes

    special = {
        "zh-Hans": "Simplified Chinese",
        "zh-Hant": "Traditional Chinese",
        "hi-Latn": "Hindi written in Latin letters",
        UNKNOWN: "the language of the question",
    }
    return special.get(tag) or langcodes.Language.get(tag).display_name()


@lru_cache(maxsize=256)
def country_code(named: str) -> str | None:
    """Return the ISO 3166 code of a country given by code or by name in any language; None where it is unknown."""
    from language_data.names import name_to_code

    wanted = named.strip()
    if re.fullmatch("[A-Za-z]{2}", wanted) and wanted.upper() != "UK":
        import langcodes

        return wanted.upper() if langcodes.Language.make(territory=wanted.upper()).is_valid() else None
    code: str | None = name_to_code("territory", wanted)
    return code


def country_name(code: str, language: str) -> str:
    """Return what a country is called in a language."""
    import langcodes

    return langcodes.Language.make(territory=code).territory_name(language)


def script_counts(text: str) -> dict[str, int]:
    """Count the letters of `text` by script (ISO 15924 codes; `Kana` covers both syllabaries)."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPT_PATTERNS}
    return {name: n for name, n in counts.items() if n}


def script(text: str) -> str | None:
    """Return the script that `text` is mainly written in, None without letters.

    Latin-letter medical terms inside another script do not decide: a fifth of the letters is enough for
    the other script, a tenth for Chinese characters, each of which is close to a word.
    """
    counts = script_counts(text)
    total = sum(counts.values())
    if not total:
        return None
    if counts.get("Kana", 0) >= 0.1 * total:
        return "Kana"
    others = {name: n for name, n in counts.items() if name != "Latn"}
    if others:
        name = max(others, key=lambda key: others[key])
        if others[name] >= (0.1 if name == "Hani" else 0.2) * total:
            return name
    return "Latn"


def detect(text: str) -> Detection:
    """Identify the language of a question; `und` where the identifier is not sure enough."""
    name = script(text)
    if name is None:
        return Detection(UNKNOWN, 0.0)
    if name == "Hani":
        return Detection(_chinese(text), 1.0)
    if name in _LANGUAGE_OF_SCRIPT:
        return Detection(_LANGUAGE_OF_SCRIPT[name], 1.0)
    if name == "Latn":
        marked = _marked(text)
        if marked:
            return Detection(marked, 0.9)
    # Casing and lists of drug names mislead the identifier; it was trained on running lower-case text.
    ranked = _identifier(name).rank(text.lower())
    best, probability = ranked[0][0], float(ranked[0][1])
    if name in _USUAL and probability < _USUAL[name][1]:
        return Detection(_USUAL[name][0], probability)
    if probability < _MARGIN:
        return Detection(UNKNOWN, probability)
    return Detection(canonical(best), probability)


def is_written_in(text: str, language: str) -> bool:
    """Whether `text` is in the script of `language` and, where it is long enough to tell, in the language."""
    if language == UNKNOWN or not text.strip():
        return True
    expected = "Latn" if language.endswith("-Latn") else usual_script(language)
    if script(text) not in (expected, None) and not (expected == "Kana" and script(text) == "Hani"):
        return False
    if len(text) < 40:
        return True
    found = detect(text)
    return found.language in (language, UNKNOWN) or found.confidence < 0.9


@lru_cache(maxsize=256)
def usual_script(language: str) -> str:
    """Return the script that `language` is normally written in, in the names of `script`."""
    import langcodes

    code = langcodes.Language.get(language).maximize().script or "Latn"
    return {"Jpan": "Kana", "Kore": "Hang", "Hans": "Hani", "Hant": "Hani"}.get(code, code)


def to_script(text: str, language: str) -> str:
    """Return Chinese text in the characters of `zh-Hans` or `zh-Hant`, as far as the table goes: for search only."""
    return text.translate(_TO_HANS if language == "zh-Hans" else _TO_HANT)


def _chinese(text: str) -> str:
    traditional = sum(c in _ONLY_TRADITIONAL for c in text)
    return "zh-Hant" if traditional > sum(c in _ONLY_SIMPLIFIED for c in text) else "zh-Hans"


def _marked(text: str) -> str | None:
    words = re.findall(r"[a-zñ']+", text.lower())
    best: tuple[int, str] | None = None
    for tag, markers in _MARKERS.items():
        hits = [word for word in words if word in markers]
        strong = [word for word in hits if word not in _WEAK]
        enough = len(hits) >= 2 and strong and len(hits) >= 0.25 * len(words)
        if enough or (len(words) <= 4 and strong):
            best = max(best, (len(hits), tag)) if best else (len(hits), tag)
    return best[1] if best else None


@lru_cache(maxsize=len(_CANDIDATES))
def _identifier(script_name: str) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    if script_name in _CANDIDATES:
        identifier.set_languages(list(_CANDIDATES[script_name]))
    return identifier
