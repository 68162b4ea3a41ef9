import { expect, it } from '@jest/globals'
import { createRespSplitter, type RespFrame } from '../../support/resp.ts'

const STREAM = [
  '+OK\r\n',
  '-NOREPLICAS Not enough\r\n',
  ':-7\r\n',
  '$6\r\na\r\nb \r\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*3\r\n$2\r\nä\r\n*2\r\n:1\r\n$-1\r\n+x\r\n',
] as const

const VALUES = [
  'OK',
  { error: 'NOREPLICAS Not enough' },
  -7,
  'a\r\nb \r',
  '',
  null,
  null,
  [],
  ['ä', [1, null], 'x'],
]

const BYTES = Buffer.from(STREAM.join(''))

it.each([1, 2, 3, 7, BYTES.length])('finds the same values in pieces of %d bytes', (size) => {
  const split = createRespSplitter()
  const frames: RespFrame[] = []

  for (let at = 0; at < BYTES.length; at += size) {
    frames.push(...split(BYTES.subarray(at, at + size)))
  }

  expect(frames.map(({ value }) => value)).toEqual(VALUES)
  expect(frames.map(({ bytes }) => bytes.toString())).toEqual(STREAM)
})

it('gives a value with its last byte, and not before', () => {
  const split = createRespSplitter()

  expect(split(Buffer.from('$3\r\nabc\r'))).toEqual([])
  expect(split(Buffer.from('\n'))).toHaveLength(1)
})

it('refuses what is not version 2 of the protocol', () => {
  expect(() => createRespSplitter()(Buffer.from('%1\r\n+a\r\n:1\r\n'))).toThrow(RangeError)
})
