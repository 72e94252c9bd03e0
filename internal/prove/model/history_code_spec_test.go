package model

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// codeTold is one operation of a tale about a body, from call to ret milliseconds.
func codeTold(c codeCall, from, to int64, o outcome, shown ...codeShown) porcupine.Operation {
	a := codeAnswer{outcome: o, lo: from, hi: to}
	copy(a.shown[:], shown)
	return porcupine.Operation{Input: c, Call: from * 1e6, Output: a, Return: to * 1e6}
}

func TestCodeSpec(t *testing.T) {
	registered := func(at int64) codeShown { return codeShown{there: true, registered: at} }
	since := func(s codeShown, at int64, reason string) codeShown {
		s.revoked, s.reason = at, reason
		return s
	}
	none := codeShown{}
	// According to the journal, the first signature is registered at 10 and revoked at 50, the second is registered
	// at 20 and revoked at 51, the third is never registered.
	spec := codeSpec{signed: [ofBody]int64{10, 20}, revoked: [ofBody]int64{50, 51}}
	first, second, third := codeCall{verb: register}, codeCall{verb: register, which: 1}, codeCall{verb: register, which: 2}
	look := codeCall{verb: lookUp}
	revokeFirst := func(reason string) codeCall { return codeCall{verb: revoke, reason: reason} }
	revokeAll := func(reason string) codeCall { return codeCall{verb: revoke, which: ofBody, reason: reason} }
	one := codeTold(first, 9, 11, done, registered(10))
	two := codeTold(second, 19, 21, done, none, registered(20))
	a, b := since(registered(10), 50, "x"), since(registered(20), 51, "x")
	all := codeTold(revokeAll("x"), 49, 52, done, a, b)
	for _, tt := range []struct {
		name  string
		right bool
		ops   []porcupine.Operation
	}{
		{"nothing is registered", true, []porcupine.Operation{codeTold(look, 0, 1, notFound)}},
		{"registered, and not found", false, []porcupine.Operation{one, codeTold(look, 12, 13, notFound)}},
		{"registered, and found", true, []porcupine.Operation{one, codeTold(look, 12, 13, done, registered(10))}},
		{"found before it is registered", false, []porcupine.Operation{codeTold(look, 7, 8, done, registered(10)), one}},
		{"found without a registration", false, []porcupine.Operation{codeTold(look, 7, 8, done, registered(10))}},
		{"registered at another time than the journal has", false, []porcupine.Operation{codeTold(first, 11, 12, done, registered(10))}},
		{"shown with another time than the journal has", false, []porcupine.Operation{codeTold(first, 9, 11, done, registered(9))}},
		{"acknowledged, and not in the journal", false, []porcupine.Operation{codeTold(third, 30, 31, done, none, none, registered(30))}},
		{"registered again", true, []porcupine.Operation{one, codeTold(first, 12, 13, done, registered(10))}},
		{"registered again, anew", false, []porcupine.Operation{one, codeTold(first, 12, 13, done, registered(13))}},
		{"both are found", true, []porcupine.Operation{one, two, codeTold(look, 22, 23, done, registered(10), registered(20))}},
		{"one of two is missing", false, []porcupine.Operation{one, two, codeTold(look, 22, 23, done, registered(10))}},
		{"all are revoked", true, []porcupine.Operation{one, two, all, codeTold(look, 53, 54, done, a, b)}},
		{"one of all is not revoked", false, []porcupine.Operation{one, two, all, codeTold(look, 53, 54, done, a, registered(20))}},
		{"half of a revoke is seen", false, []porcupine.Operation{one, two, all, codeTold(look, 49, 52, done, registered(10), b)}},
		{"a revoke is undone", false, []porcupine.Operation{one, two, all, codeTold(look, 53, 54, done, registered(10), registered(20))}},
		{"a revoke is undone by registering again", false, []porcupine.Operation{one, two, all, codeTold(first, 53, 54, done, registered(10))}},
		{"revoked, and registered again", true, []porcupine.Operation{one, two, all, codeTold(first, 53, 54, done, a)}},
		{"the first reason stays", true, []porcupine.Operation{one, two, all, codeTold(revokeFirst("y"), 53, 54, done, a)}},
		{"the last reason wins", false, []porcupine.Operation{one, two, all, codeTold(revokeFirst("y"), 53, 54, done, since(registered(10), 50, "y"))}},
		{"revoked before it is registered", true, []porcupine.Operation{codeTold(revokeFirst("x"), 1, 2, notFound), one}},
		{"revoked, and not found", false, []porcupine.Operation{one, codeTold(revokeFirst("x"), 12, 13, notFound)}},
		{"revoked beside a registration, which is before", true, []porcupine.Operation{
			one, codeTold(second, 15, 60, done, none, registered(20)), codeTold(revokeAll("x"), 16, 60, done, a, b),
		}},
		{"revoked beside a registration, of which it knows nothing", false, []porcupine.Operation{
			one, codeTold(second, 15, 60, done, none, registered(20)), codeTold(revokeAll("x"), 16, 60, done, a),
			codeTold(look, 61, 62, done, a, b),
		}},
		{"an unanswered registration that was done", true, []porcupine.Operation{
			codeTold(first, 5, 999, unknown), codeTold(look, 12, 13, done, registered(10)),
		}},
		{"an unanswered registration that was not", true, []porcupine.Operation{codeTold(third, 5, 999, unknown), codeTold(look, 998, 999, notFound)}},
		{"an unanswered registration, done and undone", false, []porcupine.Operation{
			codeTold(first, 5, 999, unknown), codeTold(look, 12, 13, done, registered(10)), codeTold(look, 14, 15, notFound),
		}},
		{"an unanswered revoke that was done", true, []porcupine.Operation{
			one, codeTold(revokeFirst("x"), 40, 999, unknown), codeTold(look, 60, 61, done, a),
		}},
		{"an unanswered revoke that was not, as the reason shows", true, []porcupine.Operation{
			one, codeTold(revokeFirst("y"), 40, 999, unknown), codeTold(revokeFirst("x"), 40, 60, done, a), codeTold(look, 61, 62, done, a),
		}},
		{"an unanswered revoke, done in part", false, []porcupine.Operation{
			one, two, codeTold(revokeAll("x"), 40, 999, unknown), codeTold(look, 60, 61, done, a, registered(20)),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := porcupine.CheckOperations(spec.model(), tt.ops); got != tt.right {
				t.Errorf("the checker says %v, want %v", got, tt.right)
			}
		})
	}
}
