// Validates the examples by the written schemas in Go, whose regular expressions are RE2's: go run . FOLDER_OF_SCHEMAS
// A line for each example: topic/verdict/file, and "valid" or "invalid".
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func main() {
	root := os.Args[1]
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "*", "*.json"))
	if err != nil {
		log.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, file := range files {
		name, _ := filepath.Rel(filepath.Join(root, "examples"), file)
		topic := strings.Split(name, string(filepath.Separator))[0]
		if schemas[topic] == nil {
			path := filepath.Join(root, "json", topic+".schema.json")
			if schemas[topic], err = jsonschema.NewCompiler().Compile(path); err != nil {
				log.Fatal(err)
			}
		}
		verdict := "valid"
		if !isValid(schemas[topic], file) {
			verdict = "invalid"
		}
		fmt.Println(name, verdict)
	}
}

func isValid(schema *jsonschema.Schema, path string) bool {
	value, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	record, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	return err == nil && schema.Validate(record) == nil
}
