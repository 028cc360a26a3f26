import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { corsFor } from '#services/gateway/protection/cors.ts'
import { needsProof, senderOf, type Sender } from './cross-site.ts'

const host = 'shop.example.com'

test('a request is of our own page when the browser says so, or its origin is our host', () => {
  const cases: [Sender, Record<string, string>][] = [
    ['own', { 'sec-fetch-site': 'same-origin' }],
    ['own', { 'sec-fetch-site': 'none' }],
    ['own', { 'sec-fetch-site': 'same-origin', origin: 'https://behind.a.proxy' }],
    ['own', { origin: 'https://shop.example.com' }],
    ['own', { origin: 'https://allowed.example.org' }],
    ['own', { 'sec-fetch-site': 'cross-site', origin: 'https://allowed.example.org' }],
    ['foreign', { 'sec-fetch-site': 'cross-site' }],
    ['foreign', { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }],
    ['foreign', { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example.com' }],
    ['foreign', { 'sec-fetch-site': 'something new' }],
    ['foreign', { origin: 'https://evil.example' }],
    ['foreign', { origin: 'https://shop.example.com.evil.example' }],
    ['foreign', { origin: 'https://shop.example.com:8443' }],
    ['foreign', { origin: 'null' }],
    ['foreign', { origin: '' }],
    ['unknown', {}],
  ]
  const cors = corsFor('https://allowed.example.org')
  for (const [sender, headers] of cases)
    assert.equal(senderOf({ host, ...headers }, cors), sender, JSON.stringify(headers))
  assert.equal(senderOf({ host: 'SHOP.example.com', origin: 'https://shop.example.com' }, undefined), 'own')
  assert.equal(senderOf({ ':authority': host, origin: `https://${host}` }, undefined), 'own')
  assert.equal(senderOf({ origin: 'https://shop.example.com' }, undefined), 'foreign')
})

test('what changes something or opens a socket needs a proof', () => {
  const request = (method: string, headers = {}) => needsProof({ method, headers } as IncomingMessage)
  for (const method of ['GET', 'HEAD', 'OPTIONS']) assert.equal(request(method), false, method)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    assert.equal(request(method), true, method)
  assert.equal(request('GET', { upgrade: 'websocket' }), true)
})
