"""Programs that read pages by themselves: what they do is no one's behaviour."""

import re

# Whoever says so themselves; the rest pass for people everywhere. Monitors, link previews, test
# browsers too; Cubot is a phone.
BOT = re.compile(
    r"(?<!cu)bot\b|bot_|crawl|spider|slurp|scrap|headless|phantomjs|lighthouse|pagespeed|monitor|uptime|pingdom|statuscake"
    r"|preview|facebookexternalhit|whatsapp|embedly|quora link|mediapartners|apis-google|adsbot|google-|bingpreview"
    r"|yahoo!|baidu.*spider|archiver|ia_archiver|python|curl|wget|libwww|httpclient|java/|okhttp|go-http|node-fetch|axios"
    r"|puppeteer|playwright|selenium|webdriver|prerender|validator|feedfetcher|gptbot|claude|perplexity|bytespider",
    re.IGNORECASE,
)
LONGEST = 1000


def is_bot(user_agent: str) -> bool:
    """A browser always says what it is: who says nothing is none."""
    return not user_agent.strip() or BOT.search(user_agent[:LONGEST]) is not None
