import type { SamsungAccountProgram } from '../../../src/config/config.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { parseKeysJson } from '../../../src/signing/keys-json.ts'
import { base64Of, keysJson, makeRsa } from '../signing/key-material.ts'

const { privateKey, publicKey } = makeRsa(2048)
const file = { Private: base64Of(privateKey, 'pkcs8'), Public: base64Of(publicKey, 'pkcs1') }

/** A program whose Samsung Account and Knox both live at `origin`. */
export const makeProgram = (
  origin: string,
  changes: {
    readonly samsungAccount?: Partial<SamsungAccountProgram['samsungAccount']>
    readonly knox?: Partial<SamsungAccountProgram['knox']>
  } = {},
): SamsungAccountProgram => ({
  id: 'emm-eu',
  kind: 'samsung-account',
  region: 'eu',
  clientIdentifier: new Secret('client-identifier'),
  keys: parseKeysJson(keysJson(file), { allowLegacyRsa: false }),
  allowLegacyRsa: false,
  samsungAccount: {
    authorizeUrl: 'https://account.samsung.com/accounts/v1/ACME/signInGate',
    tokenUrl: `${origin}/auth/oauth2/token`,
    clientId: 'client id&1',
    clientSecret: new Secret('sécret &+='),
    responseType: 'CODE',
    authorizeParams: {},
    rotation: 'unknown',
    rotationGraceMs: 0,
    reuseRevokes: true,
    ...changes.samsungAccount,
  },
  knox: {
    baseUrl: origin,
    accessTokenPath: '/ams/v1/users/customer/accesstokenOAuth2',
    idpTokenClaim: 'idpAccessToken',
    publicKeyFormat: 'spki',
    verifyPath: '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1',
    trustErrorCodes: ['40300000', '4030100'],
    ...changes.knox,
  },
  products: [{ name: 'kme', pathPrefixes: ['/kcs/v1/kme'], baseUrl: origin }],
})
