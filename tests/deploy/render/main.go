// Renders deploy/chart as helm does, with the same libraries, where helm itself is not to be had (Debian).
//
//	render CHART [VALUES-FILE...]
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type files string

func (f files) Get(name string) string {
	text, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		return ""
	}
	return string(text)
}

func read(path string, into interface{}) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		log.Fatalf("%s: %v", path, err)
	}
}

// Maps are merged, everything else is replaced.
func merge(base, over map[string]interface{}) map[string]interface{} {
	for key, value := range over {
		inner, isMap := value.(map[string]interface{})
		old, wasMap := base[key].(map[string]interface{})
		if isMap && wasMap {
			base[key] = merge(old, inner)
		} else {
			base[key] = value
		}
	}
	return base
}

func functions(t *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	all["fromYaml"] = func(text string) (map[string]interface{}, error) {
		value := map[string]interface{}{}
		err := yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := t.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	return all
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("render CHART [VALUES-FILE...]")
	}
	chart := os.Args[1]
	values, about := map[string]interface{}{}, map[string]interface{}{}
	read(filepath.Join(chart, "values.yaml"), &values)
	for _, path := range os.Args[2:] {
		over := map[string]interface{}{}
		read(path, &over)
		values = merge(values, over)
	}
	read(filepath.Join(chart, "Chart.yaml"), &about)
	data := map[string]interface{}{
		"Values":  values,
		"Files":   files(chart),
		"Chart":   map[string]interface{}{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release": map[string]interface{}{"Name": "fleetgate", "Namespace": "fleetgate-system", "Service": "Helm"},
	}
	t := template.New("chart").Option("missingkey=zero")
	t.Funcs(functions(t))
	paths, _ := filepath.Glob(filepath.Join(chart, "templates", "*"))
	sort.Strings(paths)
	for _, path := range paths {
		template.Must(t.New(filepath.Base(path)).Parse(files("").Get(path)))
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") || name == "NOTES.txt" {
			continue
		}
		var out bytes.Buffer
		if err := t.ExecuteTemplate(&out, name, data); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("---\n# Source: fleetgate/templates/%s\n%s\n", name, out.String())
	}
}
