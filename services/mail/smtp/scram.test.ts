import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkClientFinal, prepared, readClientFirst, scramKeys, serverFirst } from './scram.ts'

/** RFC 7677 §3. */
const example = {
  first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  challenge: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  final:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')

describe('SCRAM-SHA-256', () => {
  test("makes the standard's example", async () => {
    const first = readClientFirst(example.first)
    assert.ok(first)
    const keys = [
      { id: 'other', ...(await scramKeys('other', salt, 4096)) },
      { id: 'right', ...(await scramKeys('pencil', salt, 4096)) },
    ]
    const challenge = serverFirst(first, example.nonce, { salt, iterations: 4096, keys })
    assert.equal(challenge, example.challenge)
    assert.deepEqual(checkClientFinal(first, challenge, example.final, undefined, keys), {
      keyId: 'right',
      serverFinal: example.serverFinal,
    })
    assert.equal(checkClientFinal(first, challenge, example.final, undefined, keys.slice(0, 1)), undefined)
    assert.equal(checkClientFinal(first, challenge, example.final, undefined, []), undefined)
  })

  test('takes nothing that was changed on the way', async () => {
    const first = readClientFirst(example.first)!
    const keys = [{ id: 'right', ...(await scramKeys('pencil', salt, 4096)) }]
    for (const [from, to] of [
      ['c=biws', 'c=eSws'],
      ['r=rO', 'r=rP'],
      ['p=dH', 'p=eH'],
      [',p=', ',x=1,p='],
      ['c=biws,', ''],
      ['=', ''],
    ] as const) {
      const message = example.final.replace(from, to)
      assert.equal(checkClientFinal(first, example.challenge, message, undefined, keys), undefined, message)
    }
  })

  test('reads what the client begins with, and nothing that it must not', () => {
    const read = readClientFirst('p=tls-exporter,a=a=2Cb,n=a=2Cb,r=12345678,ext=1')
    assert.deepEqual(
      [read?.user, read?.binding, read?.header],
      ['a,b', 'tls-exporter', 'p=tls-exporter,a=a=2Cb,'],
    )
    for (const message of [
      '',
      'n,,',
      'n,,n=user',
      'n,,n=,r=12345678',
      'n,,n=a=b,r=12345678',
      'n,,m=x,n=user,r=12345678',
      'n,a=other,n=user,r=12345678',
      'p=tls-unique,,n=user,r=12345678',
      'n,,n=user,r=1234\u00e95678',
      'n,,n=us\0er,r=12345678',
    ])
      assert.equal(readClientFirst(message), undefined, message)
  })
})

test('names and passwords are compared in one form', () => {
  assert.equal(prepared('I\u00adX \u2168\u00a0a'), 'IX IX a')
  assert.equal(prepared('a\u0007'), undefined)
})
