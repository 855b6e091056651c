#include "page/html.h"

#include <stddef.h>

/* Colours are variables, so that dark is a second set of values and nothing else. Contrast of
 * text is at least 4.5:1 on each ground, of marks at least 3:1. */
const char *const lm_html_style[] = {
    ":root{color-scheme:light dark;--paper:#fcfbf8;--card:#f4f2ec;--ink:#1c1e22;--soft:#5b616b;"
    "--rule:#dcd8ce;--grid:#e7e4dc;--a:#1d5fa6;--b:#b4531d;--c:#2b7a5d;--d:#7a5ba8;--mute:#8a8f98;"
    "--pass:#226b43;--fail:#b3261e;--und:#8a5a00;"
    "--s1:#fdf1dc;--s2:#fbe2bd;--s3:#f8cf9b;--s4:#f4b87b;--s5:#ee9f65;--s6:#e58a5f;--tile:#e3e0f0;"
    "--serif:'Iowan Old Style','Palatino Linotype',Palatino,'Book Antiqua','TeX Gyre Pagella',"
    "Charter,Georgia,'Noto Serif','DejaVu Serif Condensed',serif;"
    "--sans:-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Ubuntu,Cantarell,"
    "'Liberation Sans','DejaVu Sans Condensed',system-ui,sans-serif;"
    "--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',"
    "monospace}\n",
    "@media(prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1b1e23;--ink:#e9e6df;"
    "--soft:#a2a8b2;--rule:#33373e;--grid:#262a30;--a:#7fb2ec;--b:#e79a68;--c:#74c7a4;--d:#b9a0e6;"
    "--mute:#7d838d;--pass:#79cf9b;--fail:#f2958c;--und:#e3b55a;"
    "--s1:#26221f;--s2:#352a20;--s3:#4a3420;--s4:#613f20;--s5:#7b4a21;--s6:#965527;"
    "--tile:#363252}}\n",
    "*{box-sizing:border-box}\n", "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n",
    "body{margin:0;background:var(--paper);color:var(--ink);font:400 .975rem/1.55 var(--sans);"
    "font-variant-numeric:lining-nums tabular-nums;overflow-wrap:break-word}\n",
    "main{max-width:70rem;margin:0 auto;padding:clamp(1.25rem,4vw,3.5rem) "
    "clamp(1rem,4vw,2.5rem) 3rem}\n",
    "h1,h2,h3{font-family:var(--serif);font-weight:600;line-height:1.22;margin:0;"
    "text-wrap:balance}\n",
    "h1{font-size:clamp(1.55rem,1.1rem + 2.1vw,2.5rem);font-weight:500;letter-spacing:-.012em;"
    "max-width:27em}\n",
    "h2{font-size:1.28rem}h3{font-size:1.02rem;margin:2rem 0 .6rem}\n",
    "small{font-size:.86em;font-weight:400;color:var(--soft)}h3 small{font:400 .84rem "
    "var(--sans);margin-left:.3rem}\n",
    "p{margin:.55rem 0}a{color:var(--a);text-underline-offset:.18em;"
    "text-decoration-thickness:1px}\n",
    ".over{margin:0 0 .9rem;font-size:.76rem;letter-spacing:.09em;text-transform:uppercase;"
    "color:var(--soft)}\n",
    ".lead{max-width:44rem;margin:1rem 0 0;font-size:1.04rem;color:var(--soft)}\n",
    ".top{padding-bottom:1.6rem}\n",
    "nav{margin-top:1.3rem;font-size:.86rem;display:flex;flex-wrap:wrap;gap:.25rem 1.15rem}\n",
    "nav a{padding:.2rem 0}\n",
    ".tiles{display:grid;grid-template-columns:repeat(2,1fr);border-top:1px solid var(--ink);"
    "border-bottom:1px solid var(--rule)}\n",
    ".tile{padding:.85rem 1rem .95rem 0;border-top:1px solid var(--rule)}\n",
    ".tile:nth-child(-n+2){border-top:0}\n",
    ".tile .k,.tile .s{display:block;font-size:.8rem;line-height:1.35;color:var(--soft)}\n",
    ".tile b{display:block;font:500 clamp(1.5rem,1.15rem + 1.5vw,2.15rem)/1.25 var(--serif);"
    "letter-spacing:-.01em}.tile b small{font-size:.55em;letter-spacing:0;color:var(--soft)}\n",
    "section{padding-top:2.1rem;margin-top:2.6rem;border-top:1px solid var(--rule)}"
    ".tiles+section{border-top:0;margin-top:.4rem}\n",
    ".margin p{margin:.5rem 0 1rem;font-size:.84rem;line-height:1.5;color:var(--soft);"
    "max-width:38rem}\n",
    ".matter{min-width:0}.matter>:first-child,.matter>:first-child>:first-child{margin-top:0}\n",
    "@media(min-width:60rem){section{display:grid;grid-template-columns:13.5rem 1fr;"
    "column-gap:2.75rem}.margin{position:sticky;top:1.5rem;align-self:start}.tiles{grid-template-"
    "columns:repeat(4,1fr)}"
    ".tile:nth-child(-n+4){border-top:0}.tile+.tile{padding-left:1.1rem;"
    "border-left:1px solid var(--rule)}.pair{display:grid;grid-template-columns:1fr 1fr;"
    "gap:0 2rem}.margin p{margin-bottom:0}}\n",
    /* tables */
    "table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4}\n",
    "th,td{padding:.36rem .9rem .36rem 0;text-align:left;vertical-align:baseline;"
    "border-bottom:1px solid var(--grid)}th:last-child,td:last-child{padding-right:0}\n",
    "thead th{font-weight:500;font-size:.78rem;color:var(--soft);border-color:var(--rule);"
    "vertical-align:bottom}tbody th{font-weight:400}\n",
    ".w{white-space:nowrap}.n{text-align:right;white-space:nowrap}tr.us td,tr.us "
    "th{font-weight:600}\n",
    "caption{caption-side:top;text-align:left;font-family:var(--serif);font-size:1.02rem;"
    "font-weight:600;padding:0 0 .35rem}\n",
    ".wide{overflow-x:auto;margin:.4rem 0 1.4rem;scrollbar-width:thin}\n",
    ".facts th::first-letter,.cap::first-letter{text-transform:uppercase}.facts "
    "th{width:34%;color:var(--soft);font-size:.82rem}.facts td{overflow-wrap:anywhere}.facts thead "
    "th{"
    "overflow-wrap:normal}\n",
    "details{margin:.35rem 0 1rem;font-size:.86rem}summary{cursor:pointer;color:var(--soft);"
    "padding:.25rem 0}summary:hover{color:var(--ink)}details[open]>summary{"
    "margin-bottom:.4rem}\n",
    ".alarm{color:var(--fail)}.pass,.fail,.und{font-weight:600;white-space:nowrap}.pass{color:var(-"
    "-pass)}"
    ".fail{color:var(--fail)}.und{color:var(--und)}\n",
    /* bars: a table whose last column is drawn */
    ".bars td.bar{width:52%;min-width:8rem;padding-right:0}.bars{margin-bottom:1.2rem}\n",
    ".track{position:relative;display:block;height:1.05rem}\n",
    ".fill{position:absolute;left:0;top:.16rem;bottom:.16rem;background:var(--mute);opacity:.7;"
    "border-radius:0 2px 2px 0}.us .fill{background:var(--a);opacity:1}.bars td,.bars th{"
    "vertical-align:middle}\n",
    /* a whisker: each of its three strokes has a halo, so that it is seen on the bar and beside it
     */
    ".span{position:absolute;top:-.02rem;bottom:-.02rem;border:solid var(--ink);"
    "border-width:0 2px;box-shadow:0 0 0 1.5px var(--paper),inset 0 0 0 1.5px var(--paper)}"
    ".span::before{content:'';position:absolute;left:0;right:0;top:calc(50% - 1px);height:2px;"
    "background:var(--ink);box-shadow:0 0 0 1.5px var(--paper)}\n",
    /* plots */
    "figure{margin:0 0 1.7rem}figcaption{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;"
    "align-items:baseline;margin-bottom:.55rem;font-size:.84rem;color:var(--soft)}\n",
    "figcaption b{font:600 1.02rem/1.3 var(--serif);color:var(--ink);margin-right:.3rem}\n",
    ".key{white-space:nowrap}.key::before{content:'';display:inline-block;width:1.35em;"
    "margin-right:.4em;vertical-align:.28em;border-top:2px solid var(--a)}\n",
    ".key.b::before{border-top:2px dashed var(--b)}.key.c::before{border-color:var(--c)}"
    ".key.d::before{border-top:2px dotted var(--soft)}.key.hot::before{border:0;width:.5em;"
    "height:.55em;border-left:1.5px solid var(--fail);border-right:1.5px solid var(--fail);"
    "vertical-align:-.02em}\n",
    ".frame{padding:.35rem .6rem 1.5rem 3.1rem}.area{position:relative}\n",
    ".area svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}\n",
    ".area path{vector-effect:non-scaling-stroke;fill:none}\n",
    ".grid{stroke:var(--grid);stroke-width:1}.base{stroke:var(--rule);stroke-width:1}.line{stroke-"
    "width:1.8;stroke-linejoin:round;"
    "stroke-linecap:round;stroke:var(--a)}.line.b{stroke:var(--b);stroke-dasharray:5 3}"
    ".line.c{stroke:var(--c)}.line.d{stroke:var(--soft);stroke-width:1.4;"
    "stroke-dasharray:1.5 4}.line.thin{stroke-width:1.4;stroke:var(--ink)}\n",
    ".area .band{fill:var(--a);opacity:.2;stroke:none}.area .band.b{fill:var(--b)}\n",
    ".dots{stroke-linecap:round;stroke-width:6;stroke:var(--a)}.dots.b{stroke:var(--b)}"
    ".dots.c{stroke:var(--c)}.dots.clip,.rug{stroke:var(--fail)}.dots.clip{stroke-width:4.5}.rug{"
    "stroke-width:1;opacity:.75}\n",
    ".ticks span{position:absolute;font-size:.74rem;line-height:1;color:var(--soft);"
    "white-space:nowrap}.ty{right:100%;transform:translateY(-50%);margin-right:.55rem}"
    ".tx{top:100%;transform:translateX(-50%);margin-top:.55rem}\n",
    ".axis{margin:0 .6rem .15rem 0;font-size:.76rem;line-height:1.3;color:var(--soft);"
    "text-align:right}.sum{margin:0;font-size:.84rem;line-height:1.45;color:var(--soft)}\n",
    "@media(max-width:34rem){.tx.alt{display:none}.frame{padding-left:2.7rem}.margin p{"
    "margin-bottom:1.3rem}}\n",
    /* text of models and corpora */
    ".text{font:.86rem/1.75 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere;"
    "unicode-bidi:plaintext;margin:.3rem 0 1rem;max-height:24rem;overflow-y:auto;"
    "scrollbar-width:thin}\n",
    ".text i{font-style:normal;padding:.14em 0}.s1{background:var(--s1)}.s2{background:var(--s2)}"
    ".s3{background:var(--s3)}.s4{background:var(--s4)}.s5{background:var(--s5)}"
    ".s6{background:var(--s6)}.text .p{color:var(--soft)}"
    /* not by colour alone */
    ".s4,.s5,.s6{text-decoration:underline dotted 1px;text-underline-offset:.2em}"
    ".s5{text-decoration-style:dashed}.s6{text-decoration-style:solid;"
    "text-decoration-thickness:2px}\n",
    ":focus-visible{outline:2px solid var(--a);outline-offset:2px}\n",

    ".cut i{background:var(--card);border-radius:.2rem}.cut i:nth-of-type(even){"
    "background:var(--rule)}.cut small{font-size:.72em;vertical-align:-.25em}"
    ".sum+.sample{margin-top:.9rem}\n",
    ".x{font:600 .68em/1 var(--mono);background:var(--tile);color:var(--ink);"
    "padding:.1em .3em;margin:0 .1em;border-radius:.25em;white-space:nowrap}\n",
    ".ramp{display:flex;flex-wrap:wrap;gap:.2rem .35rem;align-items:center;font-size:.78rem;"
    "color:var(--soft);margin:.2rem 0 1rem}.ramp i{font-style:normal;padding:.12rem .5rem;"
    "color:var(--ink)}\n",
    ".sample{border-left:2px solid var(--rule);padding-left:.95rem;margin:0 0 1.3rem}"
    ".sample h3,.sample h4{font:600 .84rem/1.4 var(--sans);margin:0}.sample h3 span,.sample h4 "
    "span{font-weight:400;"
    "color:var(--soft)}\n",
    ".tok{display:inline-block;max-width:100%;margin:0 .25rem .3rem 0;padding:.02rem .38rem;"
    "background:var(--card);border-radius:.25rem;overflow-wrap:anywhere}.tok u{"
    "text-decoration:none;color:var(--soft)}.sig{font:.76rem/1.55 var(--mono);"
    "color:var(--soft)}\n",
    "code,.code{font:.88em/1.5 var(--mono)}footer{margin-top:3rem;padding-top:1rem;"
    "border-top:1px solid var(--rule);font-size:.8rem;color:var(--soft)}\n",
    "@page{margin:14mm 12mm}\n",
    "@media print{:root{color-scheme:light;--paper:#fff}html{font-size:11px}"
    "main{max-width:none;padding:0}nav{display:none}"
    "section{display:block;break-inside:auto;margin-top:.9rem;padding-top:.7rem}"
    ".margin{position:static}.margin p{max-width:none;margin:.3rem 0 .6rem}"
    "h3{margin:1rem 0 .4rem}figure{margin-bottom:.9rem}"
    "figure,tr,.tile,.tiles,.bars{break-inside:avoid}"
    "h2,h3,h4,.margin,summary,caption,thead{break-after:avoid}"
    "thead{display:table-header-group}th,td{padding-top:.15rem;padding-bottom:.15rem}"
    ".wide{overflow:visible}.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 1.5rem}"
    /* what is folded prints, where the browser knows how; text of models keeps to a few lines */
    "details::details-content{content-visibility:visible;block-size:auto}"
    ".text{max-height:none;overflow:visible;line-height:1.45;margin:.15rem 0 .5rem}"
    ".sample{margin-bottom:.6rem}#samples .matter{columns:2;column-gap:1.5rem}"
    "#samples h3,#samples .ramp{column-span:all}"
    "#provenance th,#provenance td{font-size:.8rem;line-height:1.25;padding:.05rem .6rem .05rem 0}"
    "#provenance details{margin:.2rem 0 .4rem}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n",
    NULL};
