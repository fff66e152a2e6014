// Verify a Clickrail click token: `go run verify_token.go KEYS.json TOKEN` prints the click id, or exits with 1.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

var token = regexp.MustCompile(`^([0-7][0-9A-HJKMNP-TV-Z]{25})\.([a-z0-9]{2})([0-9A-HJKMNP-TV-Z]{16})$`)
var digits = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Exported is what `clickrail keys export-token` printed. Keep the file secret.
type Exported struct{ Keys []struct{ Kid, Key string } }

// VerifyToken returns the click id of a genuine token of this program, and false for any other text.
func VerifyToken(exported Exported, text string) (string, bool) {
	found := token.FindStringSubmatch(text)
	for _, key := range exported.Keys {
		if secret, err := base64.RawURLEncoding.DecodeString(key.Key); err == nil && found != nil && found[2] == key.Kid {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte("v1." + key.Kid + "." + found[1]))
			return found[1], hmac.Equal([]byte(digits.EncodeToString(mac.Sum(nil)[:10])), []byte(found[3]))
		}
	}
	return "", false
}

func main() {
	var exported Exported
	if data, err := os.ReadFile(os.Args[1]); err != nil || json.Unmarshal(data, &exported) != nil {
		panic("the file of keys cannot be read")
	}
	clickID, genuine := VerifyToken(exported, os.Args[2])
	fmt.Println(clickID)
	if !genuine {
		os.Exit(1)
	}
}
