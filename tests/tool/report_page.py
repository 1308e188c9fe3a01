"""Opens a report in headless Chromium as a person would: report_page.py FILE [--nodes N] [--shots DIR].

Every view is shown, every link between them is followed, the graph is searched, pointing at a line lights up
what comes from the same place; a message of the console that is an error fails. Prints what was found.
"""
import argparse
import pathlib
import re
import time

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.action_chains import ActionChains


def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1500,1000",
                     "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--nodes", type=int, help="how many nodes the first graph must have")
    parser.add_argument("--search", default="sum")
    parser.add_argument("--shots", type=pathlib.Path, help="a folder for pictures of every view")
    parser.add_argument("--unusual", action="store_true", help="only that every address shows something, without an error")
    parser.add_argument("--damaged", action="store_true", help="the page must say that it cannot be read")
    arguments = parser.parse_args()
    driver = browser()
    try:
        (check_damaged if arguments.damaged else check_unusual if arguments.unusual else check)(driver, arguments)
    finally:
        driver.quit()


def check_damaged(driver, arguments):
    driver.get(arguments.file.resolve().as_uri())
    end = time.monotonic() + 10
    while not (said := driver.find_element(By.ID, "about").text):
        assert time.monotonic() < end, "nothing is said"
        time.sleep(0.02)
    print(said)


def check_unusual(driver, arguments):
    """A graph of nothing or below the level of tensors, and addresses that lead nowhere."""
    address = arguments.file.resolve().as_uri()
    for view in ("overview", "graph", "stages", "code", "memory", "graph/kernels", "graph/graph", "stages/plan",
                 "graph/none", "graph/schedule/none", "stages/none", "code/none/none", "none"):
        driver.get("about:blank")
        driver.get(f"{address}#{view}")
        wait_for(driver, "main section *")
        assert driver.find_element(By.TAG_NAME, "main").text, f"{view} says nothing"
    errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors, errors
    print("every address shows something")


def check(driver, arguments):
    address = arguments.file.resolve().as_uri()
    driver.get(address)
    wait_for(driver, "#views button")
    views = [b.get_attribute("data-view") for b in driver.find_elements(By.CSS_SELECTOR, "#views button")]
    assert views == ["overview", "graph", "stages", "code", "memory"], views
    links = {a.get_attribute("href") for a in driver.find_elements(By.CSS_SELECTOR, "main a")}
    assert links, "the overview leads nowhere"
    for view in views:
        driver.find_element(By.CSS_SELECTOR, f'button[data-view="{view}"]').click()
        wait_for(driver, f"section[data-view={view}] *")
        if arguments.shots:
            arguments.shots.mkdir(parents=True, exist_ok=True)
            driver.save_screenshot(str(arguments.shots / f"{view}.png"))
    for link in sorted(links):
        driver.get(link)
        wanted = link.split("#")[1].split("/")[0]
        wait_for(driver, f"section[data-view={wanted}] *")
    overview(driver, address)
    search(driver, address, arguments)
    stages(driver, address)
    hover(driver, address)
    errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors, errors
    print(f"{len(links)} links, no errors in the console")


def wait_for(driver, selector):
    end = time.monotonic() + 10
    # A list of thousands of elements would take longer than the page.
    while not driver.execute_script("return document.querySelector(arguments[0]) !== null", selector):
        assert time.monotonic() < end, f"{selector} does not appear"
        time.sleep(0.02)


def search(driver, address, arguments):
    driver.get("about:blank")
    start = time.monotonic()
    driver.get(address + "#graph/graph")
    wait_for(driver, "#canvas .node")
    nodes = len(driver.find_elements(By.CSS_SELECTOR, "#canvas .node"))
    print(f"{nodes} nodes after {time.monotonic() - start:.2f} s")
    assert arguments.nodes in (None, nodes), nodes
    before = driver.find_element(By.CSS_SELECTOR, "#canvas g").get_attribute("transform")
    driver.find_element(By.ID, "search").send_keys(arguments.search)
    found = driver.find_elements(By.CSS_SELECTOR, "#canvas .found")
    assert found, f"nothing is found for {arguments.search}"
    assert driver.find_element(By.ID, "found").text == f"{len(found)} of {nodes} nodes"
    after = driver.find_element(By.CSS_SELECTOR, "#canvas g").get_attribute("transform")
    assert before != after, "the first hit is not brought to the middle"
    driver.find_element(By.ID, "search").send_keys("no such node")
    assert not driver.find_elements(By.CSS_SELECTOR, "#canvas .found")


def overview(driver, address):
    """Words, not the text form, and charts whose letters are as large as the page's."""
    for view in "overview", "memory":
        driver.get("about:blank")
        driver.get(f"{address}#{view}")
        wait_for(driver, f"section[data-view={view}] *")
        for size in driver.execute_script("""return [...document.querySelectorAll("svg.chart")].map(
            chart => chart.getBoundingClientRect().width / chart.viewBox.baseVal.width)"""):
            assert 0.99 < size < 1.01, f"a chart of {view} is stretched by {size}"
        said = driver.find_element(By.TAG_NAME, "main").text
        assert "{" not in said and "e+" not in said, said
        if view == "overview":
            assert re.search(r"\w\.(cpp|ctir):\d", said), "no kernel says from which lines it comes"


def stages(driver, address):
    """Every stage opens at its first change, whatever its length; its end is there when it is scrolled to."""
    driver.get("about:blank")
    driver.get(address + "#stages")
    wait_for(driver, ".list button")
    names = [b.text.split()[0] for b in driver.find_elements(By.CSS_SELECTOR, ".list button")]
    said = driver.find_element(By.CSS_SELECTOR, ".list").text
    assert "e+" not in said, said
    for name in names:
        driver.get("about:blank")
        start = time.monotonic()
        driver.get(f"{address}#stages/{name}")
        wait_for(driver, "main pre .line")
        shown, changed = driver.execute_script("""
            const block = document.querySelector("main pre"), box = block.getBoundingClientRect();
            const inside = line => { const at = line.getBoundingClientRect(); return at.top >= box.top && at.bottom <= box.bottom; };
            const lines = [...block.querySelectorAll(".line.new")].filter(line => !line.textContent.includes("module @"));
            return [lines.some(inside), document.querySelector(".tools") !== null]""")
        seconds = time.monotonic() - start
        assert shown or not changed, f"{name} opens where it has changed nothing"
    last = driver.execute_script("return stageText(d.stages.length - 1).split('\\n').length")
    filled = len(driver.find_elements(By.CSS_SELECTOR, "main pre .line"))
    driver.execute_script("document.querySelector('main pre').scrollTop = 1e9")
    end = time.monotonic() + 5
    while not driver.execute_script("""return [...document.querySelectorAll("main pre .line .number")].some(
        number => Number(number.textContent) === arguments[0])""", last):
        assert time.monotonic() < end, f"line {last} of {name} is not drawn"
        time.sleep(0.02)
    print(f"{name} with {last} lines, {filled} drawn, after {seconds:.2f} s")


def hover(driver, address):
    driver.get("about:blank")
    driver.get(address + "#code")
    wait_for(driver, "#emitted div")
    lines = driver.find_elements(By.CSS_SELECTOR, "#emitted [data-sites]")
    if not lines:
        print("no line of the emitted code leads to a line of a program")
        return
    assert driver.find_elements(By.CSS_SELECTOR, "#emitted .keyword"), "the code has no colours"
    line = lines[-1]
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", line)
    ActionChains(driver).move_to_element(line.find_element(By.CLASS_NAME, "number")).perform()
    lit = driver.find_elements(By.CSS_SELECTOR, ".lit")
    assert line in lit, "the line pointed at is not lit"
    elsewhere = [e for e in driver.find_elements(By.CSS_SELECTOR, "#ir .lit, .source .lit")]
    assert elsewhere, "nothing else comes from the same place"
    print(f"{len(lit)} lines come from {line.get_attribute('data-sites')}")


main()
