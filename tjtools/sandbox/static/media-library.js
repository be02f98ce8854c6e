// The library's list, its tabs and its upload panel.
Dropzone.autoDiscover = false;

$(function () {
  "use strict";

  const page = $("#mediaLibrary");
  const native = { native_static: "0", native_rollover: "1" };
  let section = page.data("section");
  let dropzone = null;
  let draws = 0;
  const faults = String(page.data("faults")).split(" ");
  const wrong = name => faults.includes(name);

  $("#creatives").on("xhr.dt", function (_event, _table, answer) {
    boxOf(answer);
  }).on("draw.dt", function () {
    const answer = $(this).DataTable().ajax.json();
    const drawn = ++draws;
    if (answer && answer.blank_ms) {
      const rows = $("#creatives tbody").children().detach();
      window.setTimeout(() => drawn === draws && $("#creatives tbody").append(rows), answer.blank_ms);
    }
  });
  if (wrong("dead-next")) {
    page[0].addEventListener("click", event => event.target.matches(".page-link") && event.stopPropagation(), true);
  }

  const list = $("#creatives").DataTable({
    ajax: { url: "/media-library/list", data: asked, error: failed },
    serverSide: true,
    processing: true,
    ordering: false,
    searching: false,
    lengthChange: false,
    autoWidth: false,
    pageLength: page.data("page-length"),
    dom: "rt<'listFoot'ip>",
    language: {
      emptyTable: "There are no creatives in this section yet.",
      ...(wrong("other-next") ? { paginate: { next: "Forward", previous: "Back" } } : {}),
      ...(wrong("other-total") ? { info: "_TOTAL_ creatives" } : {}),
    },
  });

  function asked(table) {
    return { draw: table.draw, start: table.start, length: table.length, section: section };
  }

  function failed(xhr, kind) {
    if (kind === "parsererror") {
      signIn(xhr.responseText); // a page came instead of a list: the session has expired
    } else if (kind !== "abort") {
      alertBox("The list could not be loaded. Please try again.");
    }
  }

  function signIn(shown) {
    const shell = $($.parseHTML(shown)).filter("#shell");
    if (shell.length === 0) {
      window.location.assign("/sign-in");
      return;
    }
    $("body > header, body > main").remove();
    $("body").prepend(shell);
    $(document).trigger("signedOut");
  }

  function show(next) {
    section = next;
    const isNative = section in native;
    const tab = $("#" + (isNative ? "native" : section === "in_stream" ? "in_stream_video" : section) + "_tab");
    $(".tab").removeClass("active").removeAttr("aria-current");
    tab.addClass("active").attr("aria-current", "true");
    $(".nativeTypes").prop("hidden", !isNative);
    if (isNative) {
      $("#" + section).prop("checked", true);
    }
    const kind = isNative ? " " + $("label." + section).text().trim() : "";
    $("#uploadTarget").text(tab.text() + kind);
  }

  $("a.tab").on("click", function (event) {
    event.preventDefault();
    const chosen = this.hash.slice(1);
    if (chosen === "native") {
      show($("input[name=native_type]:checked").attr("id"));
    } else {
      show(chosen === "in_stream_video" ? "in_stream" : chosen);
    }
    list.ajax.reload();
  });

  $("input[name=native_type]").on("click", function () {
    show(this.id);
    list.ajax.reload();
  });

  $("#creatives").on("click", ".playable img", function () {
    const video = $("<video controls autoplay loop muted>").attr("src", $(this).attr("src") + "/file");
    $(this).replaceWith(video);
  });

  function openPanel() {
    $("#uploadPanel").prop("hidden", false);
    dropzone = dropzone || newDropzone();
  }

  function newDropzone() {
    const zone = new Dropzone("#uploadZone", {
      url: "/media-library/upload",
      clickable: ["#uploadZone", ".smallButton.greyButton"],
      maxFilesize: 4096,
      ...($("#uploadZone[data-single]").length ? { maxFiles: 1 } : {}),
    });
    if (wrong("other-preview")) {
      zone.options.previewTemplate = zone.options.previewTemplate.replace("dz-preview", "dz-tile");
    }
    zone.on("processing", function () {
      $(".processingMessage").prop("hidden", false);
    });
    zone.on("queuecomplete", function () {
      $(".processingMessage").prop("hidden", true);
    });
    zone.on("sending", function (file, xhr, form) {
      form.append("section", section);
    });
    zone.on("success", function (file, answer) {
      if (typeof answer !== "object") {
        signIn(answer); // a page came instead of an answer: the session has expired
        return;
      }
      boxOf(answer);
      window.setTimeout(function () {
        list.ajax.reload(null, false);
      }, answer.shown_after_ms);
    });
    return zone;
  }

  $("#newImage").on("click", openPanel);

  $(".closePanel").on("click", function () {
    $("#uploadPanel").prop("hidden", true);
    dropzone.removeAllFiles();
  });

  $(".smallButton").on("keydown", function (event) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.click();
    }
  });

  function alertBox(text) {
    const box = $("<div class='customAlertBox' role='alertdialog'>");
    const back = $("<div class='customAlertBoxBG'>");
    box.append($("<p>").text(text), $("<button type='button'>").text("OK"));
    box.find("button").on("click", function () {
      box.add(back).remove();
    });
    $("body").append(back, box);
  }

  function modal(text) {
    dialog(text, ["Close"]);
  }

  function question(text) {
    dialog(text, ["Accept", "Decline"]);
  }

  function dialog(text, answers) {
    const box = $("<div class='modal show' role='dialog'><div class='modal-dialog'><div class='modal-content'></div></div></div>");
    const buttons = answers.map(answer => $("<button type='button'>").text(answer));
    box.find(".modal-content").append($("<p class='modal-body'>").text(text), ...buttons);
    box.find("button").on("click", function () {
      box.remove();
    });
    $("body").append(box);
  }

  function boxOf(answer) {
    if (answer && answer.box) {
      ({ alert: alertBox, modal, question })[answer.box.kind](answer.box.text);
    }
  }

  show(section);
  if (page.data("box")) {
    boxOf({ box: { kind: page.data("box-kind"), text: String(page.data("box")) } });
  }
});
