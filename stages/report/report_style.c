#include "report_page.h"

/* Behind the rules of every page (page/html_style.c). */
const char report_style[] =
    ".page{max-width:70rem;margin:0 auto;padding:clamp(1.25rem,4vw,3.5rem) clamp(1rem,4vw,2.5rem) "
    "3rem}main{max-width:none;margin:0;padding:0}main:focus{outline:0}\n"
    ".skip{position:absolute;left:-100vw}.skip:focus{left:.5rem;top:.5rem;padding:.4rem .8rem;"
    "background:var(--paper);border:1px solid var(--ink);z-index:1}\n"
    /* Chinese: its own fonts and a higher line; no letter-spacing, no capitals, no italics */
    ":lang(zh){--serif:'Songti SC','Noto Serif CJK SC','Noto Serif SC','Source Han Serif "
    "SC',SimSun,"
    "'Droid Sans Fallback',serif;--sans:-apple-system,'PingFang SC','Microsoft YaHei',"
    "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','WenQuanYi Micro Hei',"
    "'Droid Sans Fallback',sans-serif}\n"
    "body:lang(zh){line-height:1.7;letter-spacing:0;text-autospace:normal}"
    ":lang(zh) :is(h1,.over,.tile b){letter-spacing:0;text-transform:none}"
    ":lang(zh) :is(h1,h2,h3){line-height:1.4;text-wrap:wrap}\n"
    "@media print{.page{max-width:none;padding:0}.skip{display:none}}\n";
