import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessage } from '../mime/parse.ts'
import { categorise, type CategoryFacts } from './categorise.ts'
import { loadCategoryModel, readCategoryModel, writeCategoryModel } from './model.ts'
import { categoryReasons } from '#contracts/mail/category-reasons.ts'

const passed: CategoryFacts = { authentication: { spf: 'pass', dkim: 'pass', dmarc: 'pass' } }

function message(text: string) {
  return parseMessage(Buffer.from(text.replaceAll('\n', '\r\n')))
}

const messages = {
  primary: message(`From: Nusrat Jahan <nusrat@weaverstreet.example>
To: rahim@example.org
Subject: keys for the office
Message-ID: <1@weaverstreet.example>

Hi Rahim, I left the keys with the guard. Could you lock up tonight? I am at the doctor with my son.

Nusrat
`),
  social: message(`From: Circlebook <notify@circlebook.example>
To: rahim@example.org
Subject: Karim Uddin commented on your post
List-Unsubscribe: <https://circlebook.example/u>
Message-ID: <2@circlebook.example>

Karim Uddin commented on your post: "Great picture!" See the comment and reply. 4 friends liked it too.
`),
  promotions: message(`From: Teak & Cane <offers@news.teakcane.example>
To: rahim@example.org
Subject: 40% off all chairs, this weekend only
List-Unsubscribe: <https://teakcane.example/u>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: 1:2:teakcane
Message-ID: <3@news.teakcane.example>

Shop the sale: 40% off chairs and tables, free shipping on orders over 50. Unsubscribe: https://teakcane.example/u
`),
  updates: message(`From: Teak & Cane <orders@teakcane.example>
To: rahim@example.org
Subject: Your order 88123 has shipped
Message-ID: <4@teakcane.example>

Your order 88123 has left our warehouse and will be delivered on Tuesday. Track it: https://teakcane.example/t/88123
`),
  forums: message(`From: Karim Uddin <karim@example.net>
To: weaving-talk@lists.example
Subject: Re: [weaving-talk] warping board
List-Id: <weaving-talk.lists.example>
List-Post: <mailto:weaving-talk@lists.example>
Message-ID: <5@example.net>
In-Reply-To: <4@example.net>

Anna wrote:
> Does anybody build their own?

I did, from beech. Post a picture to the list when yours is ready.
`),
}

test('each kind of message gets its category and reasons that can be said in both languages', () => {
  for (const [category, each] of Object.entries(messages)) {
    const verdict = categorise(each, {})
    assert.equal(verdict.category, category)
    assert.ok(verdict.reasons.length > 0, category)
    for (const { code, parameters } of verdict.reasons) {
      assert.match(categoryReasons[code]?.bn ?? '', /[\u0980-\u09ff]/, code)
      for (const [, name] of categoryReasons[code]!.en.matchAll(/\{(\w+)\}/g))
        assert.ok(parameters[name!], `${code}: ${name}`)
    }
  }
})

test('what the person has decided for a sender wins', () => {
  const { category, reasons } = categorise(messages.promotions, { ...passed, corrected: 'primary' })
  assert.equal(category, 'primary')
  assert.deepEqual(reasons, [{ code: 'corrected', parameters: { sender: 'offers@news.teakcane.example' } }])
})

test('answers and acquaintances are Primary, the letters of an acquaintance are not', () => {
  const history = { seen: 5, read: 5, repliedTo: 2, markedSpam: 0, markedHam: 0, inContacts: true }
  assert.equal(categorise(messages.updates, { answersOurs: true }).category, 'primary')
  assert.equal(categorise(messages.updates, { ...passed, history }).category, 'primary')
  assert.equal(categorise(messages.promotions, { ...passed, history }).category, 'promotions')
  const forged: CategoryFacts = { authentication: { spf: 'fail', dmarc: 'fail' }, history }
  assert.notEqual(categorise(messages.updates, forged).reasons[0]?.code, 'acquainted')
})

test('a known network counts only where the sender is proved', () => {
  const notice = message(
    'From: LinkedIn <messages-noreply@linkedin.com>\nSubject: Your invoice is ready\n\nInvoice 88123, amount due, order total.\n',
  )
  assert.deepEqual(categorise(notice, passed), {
    category: 'social',
    reasons: [{ code: 'network', parameters: { sender: 'messages-noreply@linkedin.com' } }],
  })
  assert.notEqual(
    categorise(notice, { authentication: { spf: 'fail', dkim: 'none', dmarc: 'fail' } }).reasons[0]?.code,
    'network',
  )
})

test('a message without anything gets a category', () => {
  assert.equal(categorise(parseMessage(Buffer.alloc(0)), {}).category, 'primary')
})

test('the model is read as it was written, and nothing else is read', () => {
  const model = loadCategoryModel()
  assert.deepEqual(readCategoryModel(writeCategoryModel(model)), model)
  assert.throws(() => readCategoryModel(Buffer.alloc(3)), /no model/)
})
