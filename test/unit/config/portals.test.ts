import { describe, expect, it } from '@jest/globals'
import { apiKey, load, placesOf, portal, problemsOf, program } from './valid-config.ts'

const FILE = 'config/portals.json'

describe('portals.json', () => {
  it('is read as it stands', () => {
    const read = load({
      portals: [portal({ reconnect_url: 'https://console.acme.example/knox/connect' })],
    }).portals

    expect(read).toEqual([
      {
        id: 'acme-console',
        name: 'Acme Console',
        returnUrls: ['https://console.acme.example/knox/return'],
        reconnectUrl: 'https://console.acme.example/knox/connect',
        programs: ['emm-eu'],
        apiKeys: [{ id: 'key1', hash: 'h'.repeat(43), scopes: ['connect', 'tokens'] }],
      },
    ])
  })

  it.each([
    [{ id: '-acme' }, 'id'],
    [{ id: undefined }, 'id'],
    [{ name: '' }, 'name'],
    [{ name: 'Acme\nConsole' }, 'name'],
    [{ name: 'n'.repeat(81) }, 'name'],
    [{ return_urls: [] }, 'return_urls'],
    [{ return_urls: 'https://console.acme.example' }, 'return_urls'],
    [{ return_urls: ['https://a.example', 'https://a.example'] }, 'return_urls'],
    [{ return_urls: ['https://a.example', '/return'] }, 'return_urls[1]'],
    [{ return_urls: ['https://a.example/#top'] }, 'return_urls[0]'],
    [{ return_urls: ['https://user@a.example/'] }, 'return_urls[0]'],
    [{ return_urls: ['http://a.example/'] }, 'return_urls[0]'],
    [{ reconnect_url: 'http://a.example/' }, 'reconnect_url'],
    [{ reconnect_url: null }, 'reconnect_url'],
    [{ programs: [] }, 'programs'],
    [{ programs: ['emm-us'] }, 'programs[0]'],
    [{ programs: ['emm-eu', 'emm-eu'] }, 'programs'],
    [{ api_keys: [apiKey(), apiKey({ id: 'key2' }), apiKey({ id: 'key3' })] }, 'api_keys'],
    [{ api_keys: undefined }, 'api_keys'],
    [{ api_keys: [apiKey({ id: 'key_1' })] }, 'api_keys[0].id'],
    [{ api_keys: [apiKey({ hash: 'h'.repeat(42) })] }, 'api_keys[0].hash'],
    [{ api_keys: [apiKey({ scopes: [] })] }, 'api_keys[0].scopes'],
    [{ api_keys: [apiKey({ scopes: ['admin'] })] }, 'api_keys[0].scopes[0]'],
    [{ api_keys: [apiKey({ expires: 'never' })] }, 'api_keys[0].expires'],
    [{ owner: 'me' }, 'owner'],
  ])('refuses a portal with %j', (changes, field) => {
    expect(placesOf({ portals: [portal(changes)] })).toEqual([`${FILE} [0].${field}`])
  })

  it('accepts no, one or two API keys', () => {
    const two = [apiKey(), apiKey({ id: 'key2' })]

    expect(placesOf({ portals: [portal({ api_keys: [] })] })).toEqual([])
    expect(placesOf({ portals: [portal({ api_keys: two })] })).toEqual([])
  })

  it('refuses an API key id that another portal uses', () => {
    const portals = [portal(), portal({ id: 'other', api_keys: [apiKey({ id: 'x' }), apiKey()] })]

    expect(placesOf({ portals })).toEqual([`${FILE} [1].api_keys[1].id`])
  })

  it('refuses an id that an earlier portal has', () => {
    const portals = [portal(), portal({ api_keys: [] })]

    expect(placesOf({ portals })).toEqual([`${FILE} [1].id`])
  })

  it('accepts http on loopback in strict mode, and anywhere in development', () => {
    const portals = (host: string) => [
      portal({ return_urls: [`http://${host}/return`], reconnect_url: `http://${host}/connect` }),
    ]

    expect(placesOf({ portals: portals('localhost:3000') })).toEqual([])
    expect(placesOf({ portals: portals('portal:3000') })).toHaveLength(2)
    expect(
      placesOf({ portals: portals('portal:3000'), env: { KNOXGATE_MODE: 'development' } }),
    ).toEqual([])
  })

  it('knows a program that has a problem of its own, and asks nothing when there is no file', () => {
    const broken = [program({ region: undefined })]

    expect(placesOf({ programs: broken })).toEqual(['config/programs.json [0].region'])
    expect(placesOf({ files: { 'config/programs.json': undefined } })).toEqual([
      'config/programs.json',
    ])
  })

  it.each([
    ['does not exist', undefined],
    ['is broken', '[}'],
    ['holds no array', '{}'],
  ])('says so, once, when the file %s', (_, file) => {
    expect(problemsOf({ files: { [FILE]: file } })).toEqual([
      expect.objectContaining({ source: FILE }),
    ])
  })

  it.each([7, null, 'acme', []])('refuses the entry %j', (entry) => {
    expect(placesOf({ portals: [entry] })).toEqual([`${FILE} [0]`])
  })
})
