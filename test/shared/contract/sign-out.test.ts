import { describe, expect, test } from "vitest"
import { signOutUrl } from "../../../shared/contract/sign-out.ts"

const signOut = { clientId: "console", returnTo: "https://tokens.corp.example/?a=b&c", idToken: "an.id.token" }
const returnTo = encodeURIComponent(signOut.returnTo)

describe("a browser ends its session at the issuer", () => {
  test.each([
    [
      "Cognito, whose sign-in is on another host",
      {
        issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool",
        authorization_endpoint: "https://symbolon-prod.auth.eu-central-1.amazoncognito.com/oauth2/authorize",
        // It has one in its document, which doesn't take what the standard says.
        end_session_endpoint: "https://symbolon-prod.auth.eu-central-1.amazoncognito.com/logout",
      },
      `https://symbolon-prod.auth.eu-central-1.amazoncognito.com/logout?client_id=console&logout_uri=${returnTo}`,
    ],
    [
      "Entra, by the standard",
      {
        issuer: "https://login.microsoftonline.com/tenant/v2.0",
        authorization_endpoint: "https://login.microsoftonline.com/tenant/oauth2/v2.0/authorize",
        end_session_endpoint: "https://login.microsoftonline.com/tenant/oauth2/v2.0/logout",
      },
      `https://login.microsoftonline.com/tenant/oauth2/v2.0/logout?client_id=console&post_logout_redirect_uri=${returnTo}&id_token_hint=an.id.token`,
    ],
    [
      "one whose endpoint has a query of its own",
      {
        issuer: "https://issuer.example.com",
        authorization_endpoint: "https://issuer.example.com/authorize",
        end_session_endpoint: "https://issuer.example.com/logout?realm=corp",
      },
      `https://issuer.example.com/logout?realm=corp&client_id=console&post_logout_redirect_uri=${returnTo}&id_token_hint=an.id.token`,
    ],
    [
      "Auth0, where it tells of no standard one",
      { issuer: "https://corp.eu.auth0.com/", authorization_endpoint: "https://corp.eu.auth0.com/authorize" },
      `https://corp.eu.auth0.com/v2/logout?client_id=console&returnTo=${returnTo}`,
    ],
  ])("at %s", (_issuer, endpoints, url) => {
    const expected = new URL(url)
    const found = new URL(signOutUrl(endpoints, signOut) ?? "")
    expect([found.origin, found.pathname]).toEqual([expected.origin, expected.pathname])
    expect(Object.fromEntries(found.searchParams)).toEqual(Object.fromEntries(expected.searchParams))
  })

  test("and nowhere, where the issuer has no place for it", () => {
    for (const issuer of [
      "https://issuer.example.com",
      "https://auth0.com.example.com",
      "https://cognito-idp.example.com",
    ])
      expect(signOutUrl({ issuer, authorization_endpoint: `${issuer}/authorize` }, signOut)).toBeUndefined()
  })

  test("without the ID token where it is gone", () => {
    const endpoints = {
      issuer: "https://issuer.example.com",
      authorization_endpoint: "https://issuer.example.com/authorize",
      end_session_endpoint: "https://issuer.example.com/logout",
    }
    expect(signOutUrl(endpoints, { ...signOut, idToken: undefined })).not.toContain("id_token_hint")
  })
})
