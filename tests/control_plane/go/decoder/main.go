// Copyright: (c) 2026, the vcd.kubernetes authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads candidates for CPI's file, and answers what CPI itself makes of each: with the config package of the CPI that
// go.mod names. One JSON string on each line of the input is one file. The answer to it is one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/vmware/cloud-provider-for-cloud-director/pkg/config"
	"k8s.io/klog"
)

type answer struct {
	Error   string
	Invalid string
	Config  *config.CloudConfig
}

func main() {
	quiet()
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadString('\n')
		if err != nil {
			return
		}
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			fmt.Fprintf(os.Stderr, "not a JSON string: %v\n", err)
			os.Exit(2)
		}
		if err := output.Encode(judge(text)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}

// judge gives a file to CPI's own functions, in the order in which CPI calls them at its start. A panic ends CPI.
func judge(text string) (found answer) {
	defer func() {
		if problem := recover(); problem != nil {
			found = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	read, err := config.ParseCloudConfig(strings.NewReader(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	found.Config = read
	if err := config.ValidateCloudConfig(read); err != nil {
		found.Invalid = err.Error()
	}
	return found
}

// quiet keeps CPI's log away from the answers, and its environment away from the values.
func quiet() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.SetOutput(discard{})
	os.Unsetenv("CLUSTER_ID")
}

type discard struct{}

func (discard) Write(text []byte) (int, error) { return len(text), nil }
