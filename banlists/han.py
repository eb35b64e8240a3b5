"""Traditional → simplified Chinese, for the characters of the built-in lists and their company."""

from __future__ import annotations

# Written for this project, one line per theme; it is not a general converter. A character that is
# missing here only means that its two forms count as different text: the list then names both.
_PAIRS = (
    # watching, pictures, adult sites
    "視视頻频覽览觀观線线電电影影圖图畫画動动碼码無无專专區区級级黃黄亂乱倫伦國国產产韓韩歐欧亞亚"
    "麗丽婦妇絲丝襪袜誘诱愛爱師师護护個个買买賣卖價价優优藝艺術术網网頁页載载連连鏈链結结錄录"
    # gambling and contact
    "獎奖贏赢輸输賭赌錢钱銀银賽赛車车馬马會会樂乐開开體体號号戶户註注冊册發发門门陽阳龍龙鳳凤"
    "預预測测計计劃划軟软組组點点飛飞彈弹閒闲莊庄籌筹盤盘機机蘋苹漢汉臺台灣湾雙双運运財财寶宝"
    "聯联絡络訊讯資资話话證证驗验險险貸贷債债務务費费帳帐賬账幣币轉转儲储現现"
    # shops and web words
    "東东貨货復复複复進进選选揀拣錶表飾饰質质製制訂订單单郵邮遞递壓压縮缩檔档幫帮給给請请"
    "從从關关與与為为後后們们時时間间這这裡里裏里麼么樣样說说還还來来對对應应該该點点當当過过長长"
    "頭头條条張张難难聽听讀读寫写學学習习醫医藥药雜杂誌志報报紙纸設设備备服服內内閱阅論论壇坛"
    "遊游戲戏戰战爭争遼辽極极濃浓濕湿熱热滿满潤润靈灵氣气場场塊块壞坏圍围團团園园圓圆華华陸陆"
)

_TABLE = {
    ord(traditional): simplified for traditional, simplified in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)
}

TRADITIONAL = frozenset(map(chr, _TABLE))  # the characters that `to_simplified` changes


def to_simplified(text: str) -> str:
    """`text` with every traditional character of the table replaced by its simplified form."""
    return text.translate(_TABLE)
