import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { htmlToText } from './html-text.ts'
import { makeSnippet } from './snippet.ts'

test('HTML becomes the lines a person reads', () => {
  const cases: [string, string][] = [
    ['<p>One <b>wo</b>rd</p><p>Two</p>', 'One word\n\nTwo'],
    ['a<br>b<br/>c<br><br><br>d', 'a\nb\nc\n\nd'],
    ['<div>a</div><div>b</div>', 'a\nb'],
    ['  a\n\t b  ', 'a b'],
    ['<ul><li>a<li>b</ul>c', '- a\n- b\n\nc'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['<pre>x\n  y</pre>', 'x\n  y'],
    ['<script>if (a</b>) x</script>a<style>b</style><title>c</title>d', 'ad'],
    ['a<!-- b > c --><!doctype x><?y?>d', 'ad'],
    ['<p style="display:none">a</p>b', 'b'],
    ['<div style="DISPLAY : none"><div>a</div>b</div>c', 'c'],
    ['<span style="font-size:0px">a</span><span style="font-size:0.9em">b</span>', 'b'],
    ['<div hidden>a</div><p hidden>b<div>c</div>', 'c'],
    ['<img style="display:none" src=x>a', 'a'],
    ['a &lt;b&gt; &amp;amp; &nbsp;&eacute;&euro;&#8364;&#x20AC;&#128;', 'a <b> &amp; \u00a0é€€€€'],
    ['&copy2024 &unknown; &#0; &#xD800; &#x110000; &', '©2024 &unknown; \ufffd \ufffd \ufffd &'],
    ['1 < 2 <3', '1 < 2 <3'],
    ['<a href="x>y" title=\'>\'>link</a>', 'link'],
    ['a<b', 'a'],
    [
      'hi<blockquote type="cite">a<br>b<blockquote type=cite>c</blockquote></blockquote>d',
      'hi\n\n> a\n> b\n>\n> > c\n\nd',
    ],
    ['<blockquote>a</blockquote>', 'a'],
    ['', ''],
  ]
  for (const [html, text] of cases) assert.equal(htmlToText(html), text, html)
})

test('any HTML gives well-formed text', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '<p',
    '<!--',
    '-->',
    '"',
    '=',
    '&#',
    'x',
    ';',
    '<script>',
    '</',
    '<pre>',
    '\n',
    '<li>',
    ' hidden',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      assert.ok(htmlToText(pieces.join('')).isWellFormed())
    }),
    { numRuns: 500 },
  )
})

test('a snippet is what is new, in one line', () => {
  const cases: [string, string][] = [
    ['Hello\n\nworld', 'Hello world'],
    ['Yes.\n\nOn Tue, Karim <k@x.org> wrote:\n> old\n> words\n', 'Yes.'],
    ['Yes.\n\nOn Tue, 3 May 2024 at 10:00 Karim Karim <k@x.org>\nwrote:\n\n> old', 'Yes.'],
    ['> old\n\nNew below', 'New below'],
    ['Hi\n-- \nRahima\nDhaka', 'Hi'],
    ['Hi\n\n-----Original Message-----\nFrom: x', 'Hi'],
    ['> all\n> quoted', 'all quoted'],
    ['-- \nonly a signature', '-- only a signature'],
    ['Sale\u034f \u200c\u034f \u200c\u034f now', 'Sale now'],
    ['আমার\u200dক', 'আমার\u200dক'],
    ['', ''],
  ]
  for (const [text, snippet] of cases) assert.equal(makeSnippet(text), snippet, text)
  const long = makeSnippet('😀'.repeat(300))
  assert.ok(long.isWellFormed() && long.length === 200)
  assert.equal(makeSnippet(`a${'😀'.repeat(300)}`).length, 199)
})
