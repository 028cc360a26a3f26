import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsOfQuery, noFields, queryOfFields } from './filter-query.ts'

test('fields become a search and the search the same fields', () => {
  const table = [
    [{ from: 'mina@sweets.example' }, 'from:mina@sweets.example'],
    [{ from: 'mina rahim' }, 'from:(mina rahim)'],
    [{ subject: '"new order"', hasAttachment: true }, 'subject:"new order" has:attachment'],
    [{ to: 'sales', words: 'sugar "brown rice"' }, 'to:sales sugar "brown rice"'],
    [{ subject: 'অর্ডার' }, 'subject:অর্ডার'],
    [{}, ''],
  ] as const
  for (const [given, query] of table) {
    const fields = { ...noFields, ...given }
    assert.equal(queryOfFields(fields), query)
    assert.deepEqual(fieldsOfQuery(query), fields)
  }
})

test('a search that says more than the fields has no fields', () => {
  for (const query of ['from:a OR from:b', '-from:a', 'larger:5M', 'from:a from:b', '(a b)', 'is:unread x'])
    assert.equal(fieldsOfQuery(query), undefined, query)
})
