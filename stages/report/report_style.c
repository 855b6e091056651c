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
    ":lang(zh) .wide :is(th,td){min-width:3.5em}" /* no cell of a character a line */
    "@media screen and (max-width:60rem){#tasks .wide td:not(.n,.w){min-width:14em}}" /* floors in
                                                                                         words */
    ":lang(zh) :is(h1,h2,h3){line-height:1.4;text-wrap:wrap}\n"
    /* the bars' marks by themselves: 3:1 */
    ".fill,.rug{opacity:1}.facts "
    "caption{font-size:.9rem}.pair>.facts{margin-bottom:1rem;align-self:start}\n"
    ".mark{position:absolute;top:-.1rem;bottom:-.1rem;width:0;border-left:2px dashed var(--ink);"
    "filter:drop-shadow(0 0 1px var(--paper)) drop-shadow(0 0 1px var(--paper))}"
    ".mark.floor{border-left-style:dotted;border-left-width:3px}.us small{font-weight:400}\n"
    ".facts th:has(code)::first-letter,.cap:has(code)::first-letter{text-transform:none}"
    ".grid td,.grid tbody th{min-width:8.5rem;vertical-align:top;font:.8rem/1.45 var(--mono);"
    "white-space:pre-wrap;overflow-wrap:anywhere}.grid tbody th{color:var(--soft)}\n"
    "@page{margin:12mm 11mm}\n"
    "@media print{html{font-size:10px}.page{max-width:none;padding:0}.skip{display:none}"
    ".wide,.sample,.margin,h2,h3{break-inside:avoid}p.sum,p.sig{orphans:3;widows:3}"
    ".area{height:76px!important}#loss .area{height:120px!important}"
    "figure{margin-bottom:.4rem}.axis{margin-bottom:0}.wide{margin:.15rem 0 .45rem}"
    "section{margin-top:.5rem;padding-top:.5rem}table{font-size:.8rem}.sum{font-size:.78rem}"
    "details>summary{font-size:.78rem}th,td{padding-top:.08rem;padding-bottom:.08rem}"
    ".tile{padding:.4rem .6rem .4rem 0}.tiles{grid-template-columns:repeat(4,1fr)}"
    ".tile:nth-child(-n+4){border-top:0}.text{font-size:.74rem;line-height:1.4}"
    "#passages .matter,#samples .matter{columns:3;column-gap:1rem}#tokenizer "
    ".matter{columns:2;column-gap:1.5rem}"
    "#samples .grid,#passages .ramp,#tokenizer .facts,#tokenizer h3,#tokenizer .wide,#tokenizer "
    ".sum{"
    "column-span:all}"
    "#curves .matter{display:grid;grid-template-columns:1fr 1fr;gap:0 1.5rem}"
    "#calibration .matter,#confidence .matter{display:grid;grid-template-columns:1fr 1fr;"
    "gap:0 1.5rem}"
    "#data .matter{columns:2;column-gap:1.5rem}#data .wide td{overflow-wrap:anywhere}"
    "#data h3:first-of-type,#data .wide:first-of-type{column-span:all}"
    "#provenance .matter{columns:2;column-gap:1.5rem}#provenance .wide{break-inside:auto}"
    "#provenance details{break-inside:auto}"
    /* lists of sources: a line each */
    "#provenance .matter>.wide,"
    "#provenance details:has(tbody tr:nth-child(5) td~td){column-span:all}"
    "#provenance .wide table :is(th,td){font-size:.68rem;line-height:1.2}"
    "#provenance .wide table td{overflow-wrap:normal;padding:0 .6rem 0 0}"
    "#provenance .facts>tbody>tr>th{width:12%;overflow-wrap:normal}"
    /* what ends a line is marked; blocks longer than a page go on
     */
    ".text,.grid :is(td,th){white-space:normal}.grid{break-inside:auto}"
    "#tasks .bars{break-inside:auto}#tasks details .bars{font-size:.68rem;line-height:1.2}"
    "#tasks details .bars :is(td,th){padding-top:0;padding-bottom:0}"
    "#tasks details .track{height:.8rem}}\n";
